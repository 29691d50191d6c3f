/**
 * The input of a transport that probes the targets on the board and answers the probes of others on native engines. A
 * transport adds where its engines come from and what their records say.
 */

import type { Accumulator, Input, PluginContext } from '../../../core/plugin.js';
import type { TargetOf, Transport } from '../../../core/target.js';
import { Announcement } from './announcement.js';
import { EngineMetrics } from './engine-metrics.js';
import { EnginePump } from './engine-pump.js';
import type { EngineSource, OpenEngine, ProberSide } from './engine-source.js';
import { ProbeSession } from './probe-session.js';
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
    for (const announcement of this.#announcements.splice(0)) announcement.set(undefined);
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
    const probers: ProbingEngine<T>[] = [];
    for (const engine of engines) {
      const onChanged = this.#announce(engine);
      if (this.#session !== undefined && engine.prober !== undefined)
        probers.push({ engine, prober: engine.prober, onChanged });
      else this.#pump(engine, onChanged, acc);
      const { transport } = this.#setup;
      const tags = { transport, src: this.#context.agent.hostname, ...engine.tags };
      this.#metrics.push(new EngineMetrics(engine.handle, tags, () => engine.fields?.() ?? {}));
    }
    this.#session?.add(
      probers.map(({ engine: { handle, reflector }, prober, onChanged }) => {
        return { handle, prober, answers: reflector !== undefined, onChanged };
      }),
    );
  }

  /** An engine that only answers. */
  #pump({ handle }: OpenEngine<T>, onChanged: () => void, acc: Accumulator): void {
    const pump = new EnginePump({
      handle,
      onSlice: (slice) => {
        if (slice.changed && !slice.closed) onChanged();
      },
      onError: (error) => acc.addError(error),
    });
    this.#pumps.push(pump);
  }

  /** Says where the engine answers; returns what is to be called when it changed. */
  #announce(engine: OpenEngine<T>): () => void {
    const { reflector } = engine;
    if (reflector === undefined) return () => engine.onChanged?.();
    const announcement = new Announcement(this.#context.board);
    announcement.set(reflector.endpoint());
    this.#announcements.push(announcement);
    return () => {
      engine.onChanged?.();
      announcement.set(reflector.endpoint());
    };
  }
}

interface ProbingEngine<T extends Transport> {
  readonly engine: OpenEngine<T>;
  readonly prober: ProberSide<T>;
  readonly onChanged: () => void;
}
