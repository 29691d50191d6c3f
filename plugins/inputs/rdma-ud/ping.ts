/** What `weft ping rdma-ud` measures: the three delays of each answer. */

import { NativeError, StartupError } from '../../../core/errors.js';
import type { RdmaTarget } from '../../../core/target.js';
import { close, type EngineHandle, type RdmaDevice } from '../../../native/index.js';
import { type Delays, delaysOf } from '../../common/probing/delays.js';
import { type PingReply, runPing } from '../../common/probing/ping.js';
import type { PortOptions } from './config.js';
import { NATIVE_DOOR, type RdmaDoor } from './door.js';
import { formatPort, type PortName, type PortRef, portsToOpen } from './ports.js';
import { reachOf, reachOfTarget } from './reach.js';
import { libraryError, noPortError, portError } from './startup-error.js';

export interface RdmaPing {
  readonly target: RdmaTarget;
  /** Probes to send. */
  readonly count: number;
  /** Undefined: a port that reaches the target. */
  readonly from: PortName | undefined;
  readonly options: PortOptions;
}

/** Undefined when the probe was not answered in time. */
export type RdmaReply = PingReply<Delays | undefined>;

/** Opens the port that the probes are to come from. Rejects with StartupError, which says what to do. */
export async function openPingPort(
  { target, from, options }: Omit<RdmaPing, 'count'>,
  door: RdmaDoor = NATIVE_DOOR,
): Promise<EngineHandle> {
  const devices = await listed(door);
  const refs = portsToOpen(from === undefined ? [] : [from], devices);
  if (refs.length === 0) throw noPortError(devices);
  let failure: StartupError | undefined;
  const others: string[] = [];
  for (const ref of refs) {
    const opened = tryPort(ref, options, devices, door);
    if (opened instanceof StartupError) {
      failure ??= opened;
      continue;
    }
    const { gid, link } = door.rdmaStatus(opened);
    // Somebody who names a device means it.
    if (from !== undefined || reachOf(link, gid) === reachOfTarget(target)) return opened;
    others.push(`${formatPort(ref)} has ${gid}`);
    close(opened);
  }
  if (failure !== undefined) throw failure;
  const message = `no RDMA port here has a GID that reaches ${target.gid}: ${others.join(', ')}; choose another one by --gid-index or --address`;
  throw new StartupError(message, { retryable: true });
}

/** As `runPing`; closes the engine. */
export function pingRdma(
  engine: EngineHandle,
  { target, count }: Pick<RdmaPing, 'target' | 'count'>,
  onReply: (reply: RdmaReply) => void,
  signal: AbortSignal,
): Promise<void> {
  return runPing({ engine, target, count, read: delaysOf }, onReply, signal);
}

async function listed(door: RdmaDoor): Promise<readonly RdmaDevice[]> {
  try {
    return await door.rdmaDevices();
  } catch (error) {
    throw error instanceof NativeError ? libraryError(error) : error;
  }
}

function tryPort(
  ref: PortRef,
  options: PortOptions,
  devices: readonly RdmaDevice[],
  door: RdmaDoor,
): EngineHandle | StartupError {
  try {
    return door.createRdmaEngine({ ...options, ...ref });
  } catch (error) {
    if (error instanceof NativeError) return portError(ref, options, devices, error);
    throw error;
  }
}
