/**
 * The input of a transport that probes the targets on the board and answers the probes of others on native engines. A
 * transport adds where its engines come from and what their records say.
 */

import type { Accumulator, Input, PluginContext } from '../../../core/plugin.js';
import type { TargetOf, Transport } from '../../../core/target.js';
import type { EngineHandle } from '../../../native/index.js';
import { Announcement } from './announcement.js';
import { EngineMetrics } from './engine-metrics.js';
import { EnginePump } from './engine-pump.js';
import type { EngineSource, OpenEngine } from './engine-source.js';
import { type EngineEvents, ProbeSession, type SessionEngine } from './probe-session.js';
import type { Reading } from './reading.js';

export interface ProbingSetup<T extends Transport> {
  readonly transport: T;
  /** Undefined: only answers. */
  readonly probing: ProbingOptions<T> | undefined;
  readonly engines: EngineSource<T>;
}

export interface ProbingOptions<T extends Transport> {
  readonly reading: Reading<TargetOf<T>>;
  readonly perPath: boolean;
}

export class ProbingInput<T extends Transport> implements Input {
  readonly #context: PluginContext;
  readonly #setup: ProbingSetup<T>;
  readonly #metrics: EngineMetrics[] = [];
  readonly #announcements: Announcement[] = [];
  /** Of engines that only answer. */
  readonly #pumps: EnginePump[] = [];
  #session: ProbeSession<T> | undefined;

  constructor(context: PluginContext, setup: ProbingSetup<T>) {
    this.#context = context;
    this.#setup = setup;
  }

  async start(acc: Accumulator): Promise<void> {
    const { transport, probing, engines } = this.#setup;
    const endExpectation = this.#context.board.expectEndpoints();
    try {
      if (probing !== undefined) {
        this.#session = new ProbeSession({ transport, context: this.#context, acc, ...probing });
      }
      await engines.start((opened) => this.#mount(opened, acc), acc);
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      endExpectation();
    }
  }

  async gather(acc: Accumulator): Promise<void> {
    const timeNs = this.#context.clock.nowNs();
    for (const metrics of this.#metrics) {
      for (const metric of metrics.read(timeNs)) acc.add(metric);
    }
  }

  async stop(): Promise<void> {
    this.#setup.engines.stop();
    this.#metrics.length = 0;
    for (const announcement of this.#announcements.splice(0)) announcement.withdraw();
    // Probing ends first: this host may probe itself.
    const session = this.#session;
    this.#session = undefined;
    await session?.stop();
    await Promise.all(this.#pumps.splice(0).map((pump) => pump.stop()));
  }

  /** Targets on the list that no engine can probe. */
  protected get unassigned(): number {
    return this.#session?.unassigned ?? 0;
  }

  #mount(engines: readonly OpenEngine<T>[], acc: Accumulator): void {
    const probers: SessionEngine<T>[] = [];
    for (const engine of engines) {
      const { handle, prober, reflector } = engine;
      const events = this.#announced(engine);
      if (this.#session !== undefined && prober !== undefined)
        probers.push({ handle, prober, answers: reflector !== undefined, ...events });
      else this.#pump(handle, events, acc);
      const { transport } = this.#setup;
      const tags = { transport, src: this.#context.agent.hostname, ...engine.tags };
      this.#metrics.push(new EngineMetrics(engine.handle, tags, () => engine.fields?.() ?? {}));
    }
    this.#session?.add(probers);
  }

  /** An engine that only answers. */
  #pump(handle: EngineHandle, { onRunning, onChanged }: EngineEvents, acc: Accumulator): void {
    const pump = new EnginePump({
      handle,
      onRunning,
      onSlice: (slice) => {
        if (slice.changed && !slice.closed) onChanged();
      },
      onError: (error) => acc.addError(error),
    });
    this.#pumps.push(pump);
  }

  /** Says where the engine answers as soon as it does: until its worker runs, probes of others would wait for it. */
  #announced(engine: OpenEngine<T>): EngineEvents {
    const { reflector } = engine;
    if (reflector === undefined) return { onRunning: () => {}, onChanged: () => engine.onChanged?.() };
    const announcement = new Announcement(this.#context.board);
    this.#announcements.push(announcement);
    const announce = (): void => announcement.set(reflector.endpoint());
    return {
      onRunning: announce,
      onChanged: () => {
        engine.onChanged?.();
        announce();
      },
    };
  }
}
