/**
 * What every transport shares between the board and the pipeline: targets to the engines, records to windows, windows to
 * metrics, and the end of the series of targets that left the list. However many engines probe, the windows are one.
 */

import type { Metric } from '../../../core/metric.js';
import type { Accumulator, PluginContext } from '../../../core/plugin.js';
import type { TargetOf, Transport } from '../../../core/target.js';
import { CLOCK_NAMES, close, type EngineHandle, type Slice, setTargets } from '../../../native/index.js';
import { deal } from './deal.js';
import { Emitter } from './emitter.js';
import { EnginePump } from './engine-pump.js';
import type { ProberSide } from './engine-source.js';
import { engineTarget } from './engine-target.js';
import type { Reading } from './reading.js';
import { type ProbedTarget, type Replaced, TargetTable } from './series.js';
import { replacedBy } from './silences.js';
import { Windows } from './windows.js';

export interface ProbeSessionOptions<T extends Transport> {
  readonly transport: T;
  readonly context: PluginContext;
  readonly acc: Accumulator;
  readonly reading: Reading<TargetOf<T>>;
  readonly perPath: boolean;
}

export interface EngineEvents {
  /** Called once, when it is pumped: from now on it answers. */
  readonly onRunning: () => void;
  /** Called when it tells that it changed. */
  readonly onChanged: () => void;
}

/** The targets are dealt anew after `onChanged`. */
export interface SessionEngine<T extends Transport> extends EngineEvents {
  /** The session owns the engine from now on: `stop` closes it. */
  readonly handle: EngineHandle;
  readonly prober: ProberSide<T>;
  /** It answers, too: it is pumped at once, and not with its first target. */
  readonly answers: boolean;
}

interface Member<T extends Transport> extends SessionEngine<T> {
  /** Started when needed: an engine that has nothing to do needs no worker. */
  pump: EnginePump | undefined;
  /** See Slice. */
  settledUs: number;
}

const NS_PER_US = 1000n;
/** A closed window is handed over within this part of a window. */
const SPREAD = 4;

export class ProbeSession<T extends Transport> {
  readonly #options: ProbeSessionOptions<T>;
  readonly #targets: TargetTable<TargetOf<T>>;
  readonly #windows: Windows<TargetOf<T>>;
  readonly #emitter: Emitter;
  readonly #members: Member<T>[] = [];
  readonly #unsubscribe: () => void;
  #active: readonly ProbedTarget<TargetOf<T>>[] = [];
  #unassigned = 0;
  /** Targets and paths that left the list, until the windows they may still have probes in are closed. */
  #leaving: ({ readonly sinceUs: number } & Pick<Replaced<TargetOf<T>>, 'removed' | 'repathed'>)[] = [];

  constructor(options: ProbeSessionOptions<T>) {
    const { transport, context, acc, reading, perPath } = options;
    this.#options = options;
    const spreadMs = context.agent.windowMs / SPREAD;
    this.#emitter = new Emitter({ emit: (metric) => acc.add(metric), clock: context.clock, spreadMs });
    this.#targets = new TargetTable({ transport, agent: context.agent, perPath });
    this.#windows = new Windows({
      windowMs: context.agent.windowMs,
      targets: this.#targets,
      reading,
      onClosed: (metrics, count) => this.#emitter.push(metrics, count),
    });
    this.#unsubscribe = context.board.subscribe(transport, (targets) => this.#retarget(targets));
  }

  /** Targets on the list that no engine can probe. */
  get unassigned(): number {
    return this.#unassigned;
  }

  /** Deals the targets to these engines, too. */
  add(engines: readonly SessionEngine<T>[]): void {
    for (const engine of engines) {
      const member: Member<T> = { ...engine, pump: undefined, settledUs: 0 };
      this.#members.push(member);
      if (engine.answers) this.#pump(member);
    }
    this.#deal();
  }

  /** Stops probing and hands over every window, full or not. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    await Promise.all(this.#members.map(({ pump, handle }) => (pump === undefined ? close(handle) : pump.stop())));
    this.#windows.closeAll();
    this.#emitter.flush();
  }

  #retarget(targets: readonly TargetOf<T>[]): void {
    const { active, removed, repathed } = this.#targets.replace(targets);
    if (removed.length + repathed.length > 0) this.#leaving.push({ sinceUs: this.#nowUs(), removed, repathed });
    this.#active = active;
    this.#restate();
    this.#deal();
  }

  /**
   * Ends that have another queue pair now: what was sent to the old one is no loss of the network. An end that was on no
   * list in between, as while its device was away, is recognised for as long as there is something to restate.
   */
  #restate(): void {
    const left = this.#leaving.flatMap(({ removed }) => removed.filter(({ isReplaced }) => !isReplaced));
    const replaced = replacedBy(left, this.#active);
    if (replaced.length === 0) return;
    const stale = this.#windows.restate(replaced);
    const fields = { targets: replaced.length, dst: replaced[0]?.target.dst, stale };
    this.#options.context.log.info(fields, 'queue pairs were replaced, as by a restart: probing the new ones');
  }

  #deal(): void {
    if (this.#members.length === 0) return;
    const probers = this.#members.map(({ prober }) => prober);
    const { shares, left } = deal(this.#active, probers);
    for (const [i, member] of this.#members.entries()) this.#assign(member, shares[i] ?? []);
    if (left.length !== this.#unassigned && left.length > 0) {
      const fields = { targets: left.length, dst: left[0]?.target.dst };
      this.#options.context.log.warn(fields, 'not probed: no engine of this input reaches these targets');
    }
    this.#unassigned = left.length;
  }

  #assign(member: Member<T>, share: readonly ProbedTarget<TargetOf<T>>[]): void {
    const expectedClock = CLOCK_NAMES.indexOf(member.prober.expectedClock);
    for (const probed of share) if (!probed.hasAnswered) probed.clock = expectedClock;
    try {
      setTargets(member.handle, share.map(engineTarget));
      if (share.length > 0) this.#pump(member);
    } catch (error) {
      this.#options.acc.addError(error);
    }
  }

  #pump(member: Member<T>): void {
    if (member.pump !== undefined) return;
    // It has sent nothing yet.
    member.settledUs = this.#nowUs();
    member.pump = new EnginePump({
      handle: member.handle,
      onRunning: member.onRunning,
      onSlice: (slice) => this.#take(member, slice),
      onError: (error) => this.#options.acc.addError(error),
    });
  }

  #take(member: Member<T>, slice: Slice): void {
    member.settledUs = slice.settledUs;
    if (slice.changed && !slice.closed) {
      member.onChanged();
      this.#deal();
    }
    const settledUs = this.#settledUs();
    this.#windows.add(slice, settledUs, this.#nowUs());
    const suspicious = this.#windows.takeSuspicious();
    if (suspicious !== undefined) this.#options.context.board.requestRefresh(`${suspicious.target.dst} fell silent`);
    if (this.#leaving.length > 0) this.#endSeries(settledUs);
  }

  /** Before this time every probe of every engine has its result. */
  #settledUs(): number {
    let settledUs = Number.POSITIVE_INFINITY;
    for (const member of this.#members) {
      if (member.pump !== undefined) settledUs = Math.min(settledUs, member.settledUs);
    }
    return settledUs;
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
