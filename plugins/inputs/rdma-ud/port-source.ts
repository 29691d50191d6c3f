/**
 * Opens the ports that the input is to use, and goes on looking: for those that could not be opened, and for those that
 * were not there. A port that fails stops no other, and no input of another transport; a port that was open once looks
 * after itself (native/src/rdma).
 */

import type { Clock, Timer } from '../../../core/clock.js';
import { describeError, NativeError, type StartupError } from '../../../core/errors.js';
import type { Accumulator, Logger } from '../../../core/plugin.js';
import { close, type RdmaDevice } from '../../../native/index.js';
import type { EngineSource, OpenEngine } from '../../common/probing/engine-source.js';
import type { PortOptions } from './config.js';
import type { RdmaDoor } from './door.js';
import { PortEngine } from './port-engine.js';
import { formatPort, type PortName, type PortRef, portsToOpen } from './ports.js';
import { libraryError, noPortError, portError } from './startup-error.js';

/** While something is missing that is wanted. */
export const RETRY_MS = 5000;
/** A device that comes later is rare, and looking for one opens them all. */
export const RESCAN_MS = 60_000;

export interface PortSourceOptions {
  readonly names: readonly PortName[];
  readonly options: PortOptions;
  readonly door: RdmaDoor;
  readonly clock: Clock;
  readonly log: Logger;
}

type Mount = (engines: readonly OpenEngine<'rdma-ud'>[]) => void;

export class PortSource implements EngineSource<'rdma-ud'> {
  readonly #options: PortSourceOptions;
  readonly #open = new Set<string>();
  /** What is said to be wrong, by port; '' stands for all of them. */
  #failures = new Map<string, string>();
  #timer: Timer | undefined;
  #stopped = true;

  constructor(options: PortSourceOptions) {
    this.#options = options;
  }

  /** Ports that are open, and ports (or the library) that could not be opened at the last look. */
  get standing(): { readonly open: number; readonly failed: number } {
    return { open: this.#open.size, failed: this.#failures.size };
  }

  /** Never throws: what is wrong is reported as StartupErrors, once for as long as it stays the same. */
  start(mount: Mount, acc: Accumulator): Promise<void> {
    this.#stopped = false;
    return this.#look(mount, acc);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#open.clear();
    this.#failures.clear();
  }

  async #look(mount: Mount, acc: Accumulator): Promise<void> {
    const failures = new Map<string, Error>();
    const devices = await this.#devices(failures);
    if (this.#stopped) return;
    const engines = devices === undefined ? [] : this.#openMissing(devices, failures);
    if (engines.length > 0) mount(engines);
    this.#report(failures, acc);
    const waitMs = failures.size > 0 ? RETRY_MS : RESCAN_MS;
    this.#timer = this.#options.clock.after(waitMs, () => void this.#look(mount, acc));
  }

  async #devices(failures: Map<string, Error>): Promise<readonly RdmaDevice[] | undefined> {
    try {
      return await this.#options.door.rdmaDevices();
    } catch (error) {
      failures.set('', explained(error, libraryError));
      return undefined;
    }
  }

  #openMissing(devices: readonly RdmaDevice[], failures: Map<string, Error>): PortEngine[] {
    const { names } = this.#options;
    const refs = portsToOpen(names, devices);
    const engines = refs.flatMap((ref) => {
      if (this.#open.has(formatPort(ref))) return [];
      try {
        const engine = this.#openPort(ref);
        this.#open.add(formatPort(ref));
        return [engine];
      } catch (error) {
        const explain = (cause: NativeError) => portError(ref, this.#options.options, devices, cause);
        failures.set(formatPort(ref), explained(error, explain));
        return [];
      }
    });
    if (refs.length === 0 && this.#open.size === 0) failures.set('', noPortError(devices));
    return engines;
  }

  #openPort(ref: PortRef): PortEngine {
    const { options, door, log } = this.#options;
    const handle = door.createRdmaEngine({ ...options, ...ref });
    try {
      return new PortEngine({ ref, handle, door, log, probe: options.probe, reflect: options.reflect });
    } catch (error) {
      close(handle);
      throw error;
    }
  }

  #report(failures: ReadonlyMap<string, Error>, acc: Accumulator): void {
    const before = this.#failures;
    this.#failures = new Map([...failures].map(([port, { message }]) => [port, message]));
    for (const [port, error] of failures) if (before.get(port) !== error.message) acc.addError(error);
  }
}

/** What is no error of the system needs no advice. */
function explained(error: unknown, explain: (error: NativeError) => StartupError): Error {
  if (error instanceof NativeError) return explain(error);
  return error instanceof Error ? error : new Error(describeError(error));
}
