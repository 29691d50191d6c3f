/**
 * The input of a transport that probes and answers, each on a native engine: one prober for the targets on the board, and
 * a reflector for each address it listens on. A transport adds its engines and what their records say.
 */

import { constants } from 'node:os';
import { NativeError, StartupError } from '../../../core/errors.js';
import type { Accumulator, Input, PluginContext } from '../../../core/plugin.js';
import type { IpTarget, TargetOf } from '../../../core/target.js';
import { CLOCK_NAMES, type ClockName, type EngineHandle, port, setTargets } from '../../../native/index.js';
import { EngineMetrics } from './engine-metrics.js';
import { EnginePump } from './engine-pump.js';
import { engineTarget } from './engine-target.js';
import { ProbeSession } from './probe-session.js';
import type { Reading } from './reading.js';

export type IpTransport = IpTarget['transport'];

export interface ProberSetup<T extends IpTransport> {
  /** Creates the engine; NativeError becomes a StartupError with a hint. */
  readonly open: () => EngineHandle;
  readonly reading: Reading<TargetOf<T>>;
  readonly perPath: boolean;
  /** Clock under which a target that has never answered is counted. */
  readonly expectedClock: ClockName;
}

export interface ReflectorSetup {
  /** IPv4 or IPv6 literal. */
  readonly address: string;
  /** 0 = any free port. */
  readonly port: number;
  /** As of a prober. */
  readonly open: () => EngineHandle;
}

export interface ProbingSetup<T extends IpTransport> {
  readonly transport: T;
  /** Undefined: only answers. */
  readonly prober: ProberSetup<T> | undefined;
  readonly reflectors: readonly ReflectorSetup[];
}

export class ProbingInput<T extends IpTransport> implements Input {
  readonly #context: PluginContext;
  readonly #setup: ProbingSetup<T>;
  readonly #metrics: EngineMetrics[] = [];
  /** What `stop` has to undo, last first. */
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  constructor(context: PluginContext, setup: ProbingSetup<T>) {
    this.#context = context;
    this.#setup = setup;
  }

  async start(acc: Accumulator): Promise<void> {
    const { reflectors, prober } = this.#setup;
    try {
      for (const reflector of reflectors) this.#startReflector(reflector, acc);
      if (prober !== undefined) this.#startProber(prober, acc);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async gather(acc: Accumulator): Promise<void> {
    const timeNs = this.#context.clock.nowNs();
    for (const metrics of this.#metrics) {
      for (const metric of metrics.read(timeNs)) acc.add(metric);
    }
  }

  async stop(): Promise<void> {
    this.#metrics.length = 0;
    while (this.#cleanups.length > 0) await this.#cleanups.pop()?.();
  }

  #startReflector({ address, port: wanted, open }: ReflectorSetup, acc: Accumulator): void {
    const { transport } = this.#setup;
    const handle = opened(open, `listen on ${address} port ${wanted}`);
    const pump = new EnginePump({ handle, onSlice: () => {}, onError: (error) => acc.addError(error) });
    this.#cleanups.push(() => pump.stop());
    const bound = port(handle);
    this.#observe(handle, 'reflector', { listen: `${address}:${bound}` });
    this.#cleanups.push(this.#context.board.announce({ transport, address, port: bound, attributes: {} }));
    this.#context.log.info({ transport, address, port: bound }, 'answering probes');
  }

  #startProber({ open, reading, perPath, expectedClock }: ProberSetup<T>, acc: Accumulator): void {
    const engine = opened(open, 'open the prober');
    const session = new ProbeSession<T>({
      transport: this.#setup.transport,
      context: this.#context,
      acc,
      engine,
      reading,
      perPath,
      expectedClock: CLOCK_NAMES.indexOf(expectedClock),
      setTargets: (targets) => setTargets(engine, targets.map(engineTarget)),
    });
    this.#cleanups.push(() => session.stop());
    this.#observe(engine, 'prober', {});
  }

  #observe(handle: EngineHandle, engine: string, tags: Readonly<Record<string, string>>): void {
    const { transport } = this.#setup;
    this.#metrics.push(new EngineMetrics(handle, { transport, engine, src: this.#context.agent.hostname, ...tags }));
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
