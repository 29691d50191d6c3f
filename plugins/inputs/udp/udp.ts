/**
 * The UDP input: a STAMP prober of the pinglist's targets and a STAMP reflector for others, both on native engines. What
 * it does not measure: one-way delays, and anything beyond the path of its own packets.
 */

import { constants } from 'node:os';
import { NativeError, StartupError } from '../../../core/errors.js';
import type { Accumulator, Input, PluginContext } from '../../../core/plugin.js';
import {
  CLOCK_NAMES,
  createUdpProber,
  createUdpReflector,
  type EngineHandle,
  port,
  setTargets,
  type UdpProberOptions,
  type UdpReflectorOptions,
} from '../../../native/index.js';
import { delayReading } from '../../common/probing/delay-reading.js';
import { EngineMetrics } from '../../common/probing/engine-metrics.js';
import { EnginePump } from '../../common/probing/engine-pump.js';
import { engineTarget } from '../../common/probing/engine-target.js';
import { ProbeSession } from '../../common/probing/probe-session.js';
import type { UdpConfig } from './config.js';
import { proberOptions, reflectorOptions } from './options.js';

export class UdpInput implements Input {
  readonly #config: UdpConfig;
  readonly #context: PluginContext;
  readonly #prober: UdpProberOptions;
  readonly #reflectors: readonly UdpReflectorOptions[];
  readonly #metrics: EngineMetrics[] = [];
  /** What `stop` has to undo, last first. */
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  constructor(config: UdpConfig, context: PluginContext) {
    this.#config = config;
    this.#context = context;
    this.#prober = proberOptions(config);
    this.#reflectors = reflectorOptions(config);
  }

  async start(acc: Accumulator): Promise<void> {
    try {
      for (const options of this.#reflectors) this.#startReflector(options, acc);
      if (this.#config.probe) this.#startProber(acc);
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

  #startReflector(options: UdpReflectorOptions, acc: Accumulator): void {
    const handle = open(() => createUdpReflector(options), `listen on ${options.address} port ${options.port}`);
    const pump = new EnginePump({ handle, onSlice: () => {}, onError: (error) => acc.addError(error) });
    this.#cleanups.push(() => pump.stop());
    const bound = port(handle);
    this.#observe(handle, 'reflector', { listen: `${options.address}:${bound}` });
    this.#cleanups.push(
      this.#context.board.announce({ transport: 'udp', address: options.address, port: bound, attributes: {} }),
    );
    this.#context.log.info({ address: options.address, port: bound }, 'answering STAMP probes');
  }

  #startProber(acc: Accumulator): void {
    const engine = open(() => createUdpProber(this.#prober), 'open the prober');
    const session = new ProbeSession<'udp'>({
      transport: 'udp',
      context: this.#context,
      acc,
      engine,
      reading: delayReading,
      perPath: this.#config.per_path,
      expectedClock: CLOCK_NAMES.indexOf(this.#config.timestamps === 'user' ? 'user' : 'kernel'),
      setTargets: (targets) => setTargets(engine, targets.map(engineTarget)),
    });
    this.#cleanups.push(() => session.stop());
    this.#observe(engine, 'prober', {});
  }

  #observe(handle: EngineHandle, engine: string, tags: Readonly<Record<string, string>>): void {
    const src = this.#context.agent.hostname;
    this.#metrics.push(new EngineMetrics(handle, { transport: 'udp', engine, src, ...tags }));
  }
}

/** A port in use or a missing capability may be cured while the agent runs: worth another try. */
function open(create: () => EngineHandle, what: string): EngineHandle {
  try {
    return create();
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
