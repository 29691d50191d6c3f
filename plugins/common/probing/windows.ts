/**
 * From records to metrics. A probe counts in the wall-clock-aligned window in which it was sent; a window closes when its
 * last probe is answered or timed out, which the engine tells. Late and second answers count in the window in which
 * they came: theirs may be closed.
 */

import type { Metric } from '../../../core/metric.js';
import type { Target } from '../../../core/target.js';
import { RESULT_NAMES, type Slice } from '../../../native/index.js';
import type { Reading } from './reading.js';
import type { ProbedTarget, Series, TargetTable } from './series.js';
import { Silences } from './silences.js';
import { Sums } from './sums.js';

const LATE = RESULT_NAMES.indexOf('late');
const DUPLICATE = RESULT_NAMES.indexOf('duplicate');
const SUCCESS = RESULT_NAMES.indexOf('success');
const TIMEOUT = RESULT_NAMES.indexOf('timeout');
const INVALID = RESULT_NAMES.indexOf('invalid');
const US_PER_MS = 1000;

interface Window<T extends Target> {
  readonly startUs: number;
  readonly sums: Map<Series, Sums<T>>;
}

export interface WindowsOptions<T extends Target> {
  readonly windowMs: number;
  readonly targets: TargetTable<T>;
  readonly reading: Reading<T>;
  /** The metrics of a closed window, `count` of them, as an iterator: who takes them decides when each is made. */
  readonly onClosed: (metrics: Iterator<Metric>, count: number) => void;
}

export class Windows<T extends Target> {
  readonly #options: WindowsOptions<T>;
  readonly #lengthUs: number;
  readonly #open = new Map<number, Window<T>>();
  /** Sums of windows that were handed over, for those to come: they would be most of the garbage of a large agent. */
  readonly #spare: Sums<T>[] = [];
  /** Undefined where ends are not replaced. */
  readonly #silences: Silences<T> | undefined;
  #closedUntilUs = 0;
  /** The latest the wall clock has been. */
  #latestUs = 0;

  constructor(options: WindowsOptions<T>) {
    this.#options = options;
    this.#lengthUs = options.windowMs * US_PER_MS;
    if (options.reading.stale !== undefined) this.#silences = new Silences();
  }

  /** Start of the oldest window still open, UTC µs; Infinity when none is. */
  get oldestOpenUs(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const start of this.#open.keys()) oldest = Math.min(oldest, start);
    return oldest;
  }

  /**
   * Adds a slice's records and closes what is settled: the windows that end by `settledUs`, before which every probe of
   * every engine has its result. Both times are UTC, µs.
   */
  add(slice: Slice, settledUs: number, nowUs: number): void {
    const { targets } = this.#options;
    this.#followClock(nowUs);
    for (let i = 0; i < slice.count; i += 1) {
      const probed = targets.byId(slice.targetId(i));
      if (probed === undefined) continue;
      const result = slice.result(i);
      // A probe that seems to be sent in the time to come was under way when the wall clock was set back.
      const timeUs = result === LATE || result === DUPLICATE ? nowUs : Math.min(slice.sentUs(i), nowUs);
      const series = targets.series(probed, slice.path(i), clockOf(probed, slice, i, result));
      const startUs = this.#startOf(timeUs);
      const sums = this.#sums(startUs, series);
      sums.add(slice, i, probed.target);
      if (this.#silences !== undefined) this.#watch(sums, probed, result, slice.sentUs(i), series, startUs);
    }
    this.#closeUntil(Math.min(settledUs, nowUs));
  }

  /** See Silences; undefined: none is. */
  takeSuspicious(): ProbedTarget<T> | undefined {
    return this.#silences?.takeSuspicious();
  }

  /** The ends of these targets were replaced: returns how many probes are `stale` for that, in windows still open. */
  restate(replaced: readonly ProbedTarget<T>[]): number {
    const { stale } = this.#options.reading;
    if (stale === undefined) return 0;
    let moved = 0;
    for (const probed of replaced) {
      probed.isReplaced = true;
      for (const { startUs, series, timeouts } of probed.silence?.runs ?? []) {
        moved += this.#open.get(startUs)?.sums.get(series)?.move(TIMEOUT, stale, timeouts) ?? 0;
      }
    }
    return moved;
  }

  /** Closes everything, full or not. */
  closeAll(): void {
    this.#closeUntil(Number.POSITIVE_INFINITY);
  }

  /** After a step back by more than a window what is open would wait for its time to come again: it ends now. */
  #followClock(nowUs: number): void {
    if (nowUs < this.#latestUs - this.#lengthUs) {
      this.closeAll();
      this.#closedUntilUs = 0;
      this.#latestUs = nowUs;
    }
    this.#latestUs = Math.max(this.#latestUs, nowUs);
  }

  /** After a smaller step of the wall clock backwards a probe may belong to a window that is gone: it counts in the next. */
  #startOf(timeUs: number): number {
    return Math.max(Math.floor(timeUs / this.#lengthUs) * this.#lengthUs, this.#closedUntilUs);
  }

  #sums(startUs: number, series: Series): Sums<T> {
    let window = this.#open.get(startUs);
    if (window === undefined) {
      window = { startUs, sums: new Map() };
      this.#open.set(startUs, window);
    }
    let sums = window.sums.get(series);
    if (sums === undefined) {
      sums = this.#spare.pop() ?? new Sums(this.#options.reading);
      window.sums.set(series, sums);
    }
    return sums;
  }

  #watch(
    sums: Sums<T>,
    probed: ProbedTarget<T>,
    result: number,
    sentUs: number,
    series: Series,
    startUs: number,
  ): void {
    const { stale } = this.#options.reading;
    if (!probed.isReplaced) this.#silences?.note(probed, result, sentUs, series, startUs, this.#closedUntilUs);
    else if (result === TIMEOUT && stale !== undefined) sums.move(TIMEOUT, stale, 1);
  }

  #closeUntil(settledUs: number): void {
    const starts = [...this.#open.keys()].filter((start) => start + this.#lengthUs <= settledUs).sort((a, b) => a - b);
    for (const start of starts) {
      const window = this.#open.get(start);
      this.#open.delete(start);
      this.#closedUntilUs = start + this.#lengthUs;
      if (window !== undefined) this.#options.onClosed(this.#metricsOf(window), window.sums.size);
    }
  }

  /** A window's metrics carry its end as their time: then it was complete. */
  *#metricsOf(window: Window<T>): Iterator<Metric> {
    const timeNs = BigInt(window.startUs + this.#lengthUs) * 1000n;
    const { size } = window.sums;
    for (const [series, sums] of window.sums) {
      const fields = sums.fields();
      // What is handed over is not kept until the last one is.
      window.sums.delete(series);
      sums.clear();
      // After a stall there are those of several windows: no more than one needs are kept.
      if (this.#spare.length < size) this.#spare.push(sums);
      yield { name: 'probe', tags: series.tags, fields, timeNs };
    }
  }
}

/** Unanswered probes have no clock of their own: they count under that of the target's last answer. */
function clockOf<T extends Target>(probed: ProbedTarget<T>, slice: Slice, i: number, result: number): number {
  if (result === SUCCESS || result === INVALID) {
    probed.clock = slice.clock(i);
    probed.hasAnswered = true;
  }
  return probed.clock;
}
