/** The engines of transports over IP: a prober, and a reflector for each address. All of them have to open. */

import { constants } from 'node:os';
import { NativeError, StartupError } from '../../../core/errors.js';
import type { Logger } from '../../../core/plugin.js';
import type { IpTarget } from '../../../core/target.js';
import { type ClockName, close, type EngineHandle, port } from '../../../native/index.js';
import type { EngineSource, OpenEngine } from './engine-source.js';

export type IpTransport = IpTarget['transport'];

export interface ProberSetup {
  /** Creates the engine; NativeError becomes a StartupError with a hint. */
  readonly open: () => EngineHandle;
  /** Clock under which a target that has never answered is counted. */
  readonly expectedClock: ClockName;
}

export interface ReflectorSetup {
  /** IPv4 or IPv6 literal. */
  readonly address: string;
  /** 0 = any free port. */
  readonly port: number;
  /** What it does wrong on purpose, by option. */
  readonly faults: Readonly<Record<string, number>> | undefined;
  /** As of a prober. */
  readonly open: () => EngineHandle;
}

export interface IpEnginesSetup<T extends IpTransport> {
  readonly transport: T;
  /** Undefined: only answers. */
  readonly prober: ProberSetup | undefined;
  readonly reflectors: readonly ReflectorSetup[];
}

export function ipEngines<T extends IpTransport>(
  { transport, prober, reflectors }: IpEnginesSetup<T>,
  log: Logger,
): EngineSource<T> {
  return {
    start(mount) {
      for (const reflector of reflectors) mount([openReflector(transport, reflector, log)]);
      if (prober !== undefined) mount([openProber(prober)]);
    },
    stop() {},
  };
}

function openProber<T extends IpTransport>({ open, expectedClock }: ProberSetup): OpenEngine<T> {
  const handle = opened(open, 'open the prober');
  return { handle, tags: { engine: 'prober' }, prober: { name: 'prober', expectedClock, canProbe: () => true } };
}

function openReflector<T extends IpTransport>(
  transport: T,
  { address, port: wanted, faults, open }: ReflectorSetup,
  log: Logger,
): OpenEngine<T> {
  const handle = opened(open, `listen on ${address} port ${wanted}`);
  const endpoint = { transport, address, port: boundPort(handle), attributes: {} };
  const place = { transport, address, port: endpoint.port };
  if (faults === undefined) log.info(place, 'answering probes');
  else log.warn({ ...place, ...faults }, 'answering probes, with faults on purpose');
  const listen = `${address}:${endpoint.port}`;
  return { handle, tags: { engine: 'reflector', listen }, reflector: { endpoint: () => endpoint } };
}

function boundPort(handle: EngineHandle): number {
  try {
    return port(handle);
  } catch (error) {
    close(handle);
    throw error;
  }
}

/** A port in use or a missing capability may be cured while the agent runs: worth another try. */
function opened(open: () => EngineHandle, what: string): EngineHandle {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    throw new StartupError(`cannot ${what}${hint(error)}`, { retryable: true, cause: error });
  }
}

function hint({ errno }: NativeError): string {
  if (errno === constants.errno.EACCES) return ' (ports below 1024 need CAP_NET_BIND_SERVICE or root)';
  if (errno === constants.errno.EADDRINUSE) return ' (is another agent or reflector running?)';
  if (errno === constants.errno.EADDRNOTAVAIL) return ' (this host does not have that address)';
  return '';
}
