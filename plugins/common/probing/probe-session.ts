/**
 * What every transport shares between the board and the pipeline: targets to the engine, records to windows, windows to
 * metrics, and the end of the series of targets that left the list. A transport adds its engine and how a target is
 * told to it.
 */

import type { Metric } from '../../../core/metric.js';
import type { Accumulator, PluginContext } from '../../../core/plugin.js';
import type { TargetOf, Transport } from '../../../core/target.js';
import { close, type EngineHandle, type Slice } from '../../../native/index.js';
import { Emitter } from './emitter.js';
import { EnginePump } from './engine-pump.js';
import type { Reading } from './reading.js';
import { type ProbedTarget, type Replaced, TargetTable } from './series.js';
import { Windows } from './windows.js';

export interface ProbeSessionOptions<T extends Transport> {
  readonly transport: T;
  readonly context: PluginContext;
  readonly acc: Accumulator;
  /** The session owns the engine from now on: `stop` closes it. */
  readonly engine: EngineHandle;
  readonly reading: Reading<TargetOf<T>>;
  readonly perPath: boolean;
  /** Index into CLOCK_NAMES under which a target that has never answered is counted. */
  readonly expectedClock: number;
  /** Tells the engine whom to probe. May throw: the list then stays as it was, and the error is reported. */
  readonly setTargets: (targets: readonly ProbedTarget<TargetOf<T>>[]) => void;
}

const NS_PER_US = 1000n;
/** A closed window is handed over within this part of a window. */
const SPREAD = 4;

export class ProbeSession<T extends Transport> {
  readonly #options: ProbeSessionOptions<T>;
  readonly #targets: TargetTable<TargetOf<T>>;
  readonly #windows: Windows<TargetOf<T>>;
  readonly #emitter: Emitter;
  /** Started with the first target: an agent that only answers needs no worker for it. */
  #pump: EnginePump | undefined;
  readonly #unsubscribe: () => void;
  /** Targets and paths that left the list, until the windows they may still have probes in are closed. */
  #leaving: ({ readonly sinceUs: number } & Pick<Replaced<TargetOf<T>>, 'removed' | 'repathed'>)[] = [];

  constructor(options: ProbeSessionOptions<T>) {
    const { transport, context, acc, reading, perPath, expectedClock } = options;
    this.#options = options;
    const spreadMs = context.agent.windowMs / SPREAD;
    this.#emitter = new Emitter({ emit: (metric) => acc.add(metric), clock: context.clock, spreadMs });
    this.#targets = new TargetTable({ transport, agent: context.agent, perPath, expectedClock });
    this.#windows = new Windows({
      windowMs: context.agent.windowMs,
      targets: this.#targets,
      reading,
      onClosed: (metrics, count) => this.#emitter.push(metrics, count),
    });
    this.#unsubscribe = context.board.subscribe(transport, (targets) => this.#retarget(targets));
  }

  /** Stops probing and hands over every window, full or not. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    if (this.#pump === undefined) close(this.#options.engine);
    else await this.#pump.stop();
    this.#windows.closeAll();
    this.#emitter.flush();
  }

  #retarget(targets: readonly TargetOf<T>[]): void {
    const { active, removed, repathed } = this.#targets.replace(targets);
    if (removed.length + repathed.length > 0) this.#leaving.push({ sinceUs: this.#nowUs(), removed, repathed });
    try {
      this.#options.setTargets(active);
      if (active.length > 0) this.#pump ??= this.#startPump();
    } catch (error) {
      this.#options.acc.addError(error);
    }
  }

  #startPump(): EnginePump {
    return new EnginePump({
      handle: this.#options.engine,
      onSlice: (slice) => this.#take(slice),
      onError: (error) => this.#options.acc.addError(error),
    });
  }

  #take(slice: Slice): void {
    this.#windows.add(slice, this.#nowUs());
    if (this.#leaving.length > 0) this.#endSeries(slice.settledUs);
  }

  /** Series end when no probe of their target or path is under way and no open window can hold one. */
  #endSeries(settledUs: number): void {
    const openSinceUs = Math.min(settledUs, this.#windows.oldestOpenUs);
    const gone = this.#leaving.filter((group) => group.sinceUs < openSinceUs);
    if (gone.length === 0) return;
    this.#leaving = this.#leaving.filter((group) => group.sinceUs >= openSinceUs);
    const timeNs = this.#options.context.clock.nowNs();
    const ended = [
      ...this.#targets.forgetPaths(gone.flatMap((group) => group.repathed)),
      ...this.#targets.forget(gone.flatMap((group) => group.removed)),
    ];
    const markers = ended.map((tags): Metric => ({ name: 'probe', tags, fields: {}, timeNs }));
    this.#emitter.push(markers[Symbol.iterator](), markers.length);
  }

  #nowUs(): number {
    return Number(this.#options.context.clock.nowNs() / NS_PER_US);
  }
}
