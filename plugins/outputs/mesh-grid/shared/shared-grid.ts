/**
 * The grid of a server that shares its windows with others through Redis. Every server holds all windows in memory and
 * answers from there; Redis has the rows of all of them (scripts.ts). What this server takes in is pushed first and is in its
 * own grid once Redis has said that it is new; what others pushed is announced, and read from where reading stopped.
 *
 * While Redis is away what comes is put into the own grid at once and kept; afterwards it is pushed, and what others have of
 * the same is left out. After every disturbance of a connection, and once a minute, all windows are compared.
 *
 * One loop does all exchanges, one after the other: so it is always known what was read.
 */

import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Clock, delay, type Timer } from '../../../../core/clock.js';
import { describeError, StartupError } from '../../../../core/errors.js';
import type { Metric } from '../../../../core/metric.js';
import { LimitedLog } from '../../../../core/pipeline/limited-log.js';
import type { Logger } from '../../../../core/plugin.js';
import { AnswerWatch } from '../../../../core/redis/answer-watch.js';
import { warnOfPasswordInClear } from '../../../../core/redis/clear-text.js';
import { createConnection, type RedisConnection } from '../../../../core/redis/connection.js';
import { CellSums } from '../../../common/grid/store/cell.js';
import type { GridStore } from '../../../common/grid/store/grid-store.js';
import type { SharedStoreConfig } from '../config.js';
import { decodeFrame, encodeFrame, framesOf, parseRowName, rowName } from './frame.js';
import { newsText, parseNews } from './news.js';
import { Pending, type PendingFrame, type PendingSlice } from './pending.js';
import { channelOf, type PushedRow, type ReadRow, SharedWindows } from './shared-windows.js';

export interface SharedGridContext {
  readonly store: GridStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** The grid has got something that others took in. */
  readonly onTaken: () => void;
}

/** `ready`: has all that Redis has; `behind`: reads it; `away`: Redis does not answer. */
export type SharedState = 'ready' | 'behind' | 'away';

/** Frames are metrics, as they stand in Redis. */
export interface SharedCounts {
  /** Pushed, and new to Redis. */
  pushed: number;
  /** Taken over from others. */
  taken: number;
  /** In this server's grid only: they waited too long for Redis, or their row is full there. */
  unshared: number;
  /** From Redis, and no frame or beyond the limits of this grid. */
  unusable: number;
  /** Rows that were read anew, from their beginning: they had come twice, or a replica stood in that knew less. */
  replaced: number;
  /** How often Redis went away. */
  outages: number;
}

const OPTION = 'store';
const RESYNC_MS = 60_000;
const RETRY_MS = 500;
/** Of one exchange: a few ms of Redis, and of this process. */
const FRAMES_PER_PUSH = 2000;
const ROWS_PER_READ = 100;
/** Rows that are to be read of one window; beyond, all are. */
const MAX_WANTED = 100_000;

export class SharedGrid {
  readonly counts: SharedCounts = { pushed: 0, taken: 0, unshared: 0, unusable: 0, replaced: 0, outages: 0 };
  readonly #config: SharedStoreConfig;
  readonly #context: SharedGridContext;
  readonly #store: GridStore;
  readonly #log: LimitedLog;
  readonly #answers: AnswerWatch;
  readonly #closing = new AbortController();
  readonly #me = randomUUID();
  readonly #pending = new Pending();
  /** Rows to read, by window; undefined: all. */
  readonly #wanted = new Map<number, Set<string> | undefined>();
  /** Rows of which the own grid has too much or too little. */
  readonly #wrong = new Map<number, Set<string>>();
  readonly #sums = new CellSums();
  #connection: RedisConnection | undefined;
  #windows: SharedWindows | undefined;
  #state: SharedState = 'behind';
  /** Something may have been missed: all windows are to be compared. */
  #unsure = true;
  #timer: Timer | undefined;
  #loop: Promise<void> | undefined;
  #wake = (): void => {};
  /** Of writes that wait until nothing is pending. */
  #waiters: (() => void)[] = [];

  /** `config` is checked (`checkRedisConfig`). */
  constructor(config: SharedStoreConfig, context: SharedGridContext) {
    this.#config = config;
    this.#context = context;
    this.#store = context.store;
    this.#log = new LimitedLog(context.log, context.clock);
    this.#answers = new AnswerWatch(context.clock, config.timeout);
  }

  get state(): SharedState {
    return this.#state;
  }

  /** Metrics that wait for Redis. */
  get pending(): number {
    return this.#pending.frames;
  }

  /** Connects; what Redis holds is read afterwards. Rejects with StartupError. */
  async open(): Promise<void> {
    const place = { prefix: this.#config.prefix, windowMs: this.#store.limits.windowMs };
    const connection = await createConnection(OPTION, this.#config, {
      onDisturbed: () => this.#doubt(),
      onMessage: (message) => this.#onNews(message),
    });
    this.#connection = connection;
    this.#windows = new SharedWindows(connection, { ...place, answers: this.#answers });
    try {
      await this.#answers.within(connection.connect(channelOf(place)));
    } catch (cause) {
      await connection.close();
      throw new StartupError('the Redis of the grid cannot be used', { retryable: true, cause });
    }
    warnOfPasswordInClear(this.#config, this.#context.log);
    this.#loop = this.#work(this.#windows);
    this.#armResync();
  }

  /** Resolves when the metrics are in the own grid, and in Redis unless that is away. Never rejects. */
  async write(metrics: readonly Metric[], yieldEach: number): Promise<void> {
    const { outcomes } = this.#store;
    for (const [i, metric] of metrics.entries()) {
      const reading = this.#store.read(metric, this.#nowMs());
      if (typeof reading === 'string') outcomes[reading] += 1;
      else this.#pending.add(reading.endMs, rowName(reading), encodeFrame(reading, metric));
      if (i % yieldEach === yieldEach - 1) await setImmediate();
    }
    if (this.#state === 'away') return this.#applyPending();
    await new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
      this.#wake();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    this.#wake();
    await this.#connection?.close();
    await this.#loop;
    this.#applyPending();
  }

  async #work(windows: SharedWindows): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#catchUp(windows);
        if (this.#state !== 'ready') this.#context.log.info({}, 'the grid has all that Redis holds');
        this.#state = 'ready';
        this.#settleWaiters();
        // Nothing was done in between: whoever wakes now finds this.
        if (this.#isIdle && !signal.aborted) await new Promise<void>((resolve) => (this.#wake = resolve));
      } catch (error) {
        if (signal.aborted) break;
        this.#goAway(error);
        await delay(this.#context.clock, RETRY_MS, signal);
      }
    }
    this.#settleWaiters();
  }

  get #isIdle(): boolean {
    return !this.#unsure && this.#pending.frames === 0 && this.#wanted.size + this.#wrong.size === 0;
  }

  /** Until Redis and this server have the same. */
  async #catchUp(windows: SharedWindows): Promise<void> {
    while (!this.#isIdle && !this.#closing.signal.aborted) {
      if (this.#unsure) await this.#compare(windows);
      const slice = this.#pending.next(FRAMES_PER_PUSH);
      if (slice !== undefined) await this.#push(windows, slice);
      if (this.#pending.frames === 0) {
        this.#settleWaiters();
        await this.#replaceNext(windows);
      }
      await this.#readNext(windows);
      await setImmediate();
    }
  }

  /** Finds out which windows have what was not read. */
  async #compare(windows: SharedWindows): Promise<void> {
    this.#unsure = false;
    const [oldestMs, newestMs] = this.#keptEnds();
    windows.forgetBefore(oldestMs);
    this.counts.unshared += this.#pending.dropBefore(oldestMs);
    const ends: number[] = [];
    for (let endMs = newestMs; endMs >= oldestMs; endMs -= this.#store.limits.windowMs) ends.push(endMs);
    const more = await Promise.all(ends.map((endMs) => windows.hasMore(endMs)));
    if (this.#state === 'away') this.#state = 'behind';
    for (const [i, endMs] of ends.entries()) if (more[i] === true) this.#wanted.set(endMs, undefined);
  }

  async #push(windows: SharedWindows, slice: PendingSlice): Promise<void> {
    const { endMs, rows } = slice;
    const news = newsText({ by: this.#me, endMs, rows: rows.map(({ name }) => name) });
    const pushed = await windows.push(slice, this.#ttlMs(endMs), news);
    for (const [i, row] of pushed.entries()) {
      const frames = rows[i]?.frames ?? [];
      this.#takeRest(endMs, row, new Set(frames.filter(({ applied }) => applied).map(({ bytes }) => textOf(bytes))));
      this.#judge(endMs, row, frames);
      windows.advance(endMs, row);
    }
    this.#pending.settle(slice);
  }

  /** What became of the frames that were pushed. */
  #judge(endMs: number, { name, rest, verdicts }: PushedRow, frames: readonly PendingFrame[]): void {
    const applied = new Set<string>();
    for (const [i, frame] of frames.entries()) {
      const { bytes } = frame;
      const verdict = verdicts[i];
      if (verdict === '+') this.counts.pushed += 1;
      else if (verdict === '!') this.counts.unshared += 1;
      else if (!frame.applied) this.#store.outcomes.doubled += 1;
      // It was read before, or came twice, when nobody could tell.
      else if (!rest.includes(bytes) || applied.has(textOf(bytes))) this.#note(this.#wrong, endMs, name);
      if (frame.applied) applied.add(textOf(bytes));
      else if (verdict !== '=') this.#store.outcomes[this.#apply(endMs, name, bytes) ?? 'malformed'] += 1;
    }
  }

  /** Reads rows anew that the own grid has not as Redis has them. */
  async #replaceNext(windows: SharedWindows): Promise<void> {
    for (const [endMs, names] of [...this.#wrong]) {
      const rows = await windows.read(endMs, [...names], 'whole');
      this.#wrong.delete(endMs);
      for (const row of rows) {
        const key = parseRowName(row.name);
        if (key !== undefined) this.#store.forget(key, endMs);
        for (const frame of framesOf(row.rest)) this.#apply(endMs, row.name, frame);
        windows.advance(endMs, row);
      }
      this.counts.replaced += rows.length;
    }
  }

  /** Reads some rows, of the newest window first. */
  async #readNext(windows: SharedWindows): Promise<void> {
    if (this.#wanted.size === 0) return;
    const endMs = Math.max(...this.#wanted.keys());
    const wanted = this.#wanted.get(endMs) ?? new Set(await windows.names(endMs));
    const names = [...wanted].slice(0, ROWS_PER_READ);
    // What is announced from here on is asked for anew.
    for (const name of names) wanted.delete(name);
    if (wanted.size === 0) this.#wanted.delete(endMs);
    else this.#wanted.set(endMs, wanted);
    const before = this.counts.taken;
    for (const row of await windows.read(endMs, names)) {
      this.#takeRest(endMs, row, NOTHING);
      windows.advance(endMs, row);
    }
    if (this.counts.taken > before) this.#context.onTaken();
  }

  /** Takes over what Redis had of a row, but for frames that are in the own grid. */
  #takeRest(endMs: number, { name, rest, isOther }: ReadRow, own: ReadonlySet<string>): void {
    if (isOther) this.#note(this.#wrong, endMs, name);
    for (const frame of framesOf(rest)) {
      if (own.has(textOf(frame))) continue;
      if (this.#apply(endMs, name, frame) === 'added') this.counts.taken += 1;
      else this.counts.unusable += 1;
    }
  }

  #note(rows: Map<number, Set<string>>, endMs: number, name: string): void {
    rows.set(endMs, (rows.get(endMs) ?? new Set()).add(name));
  }

  /** Undefined: it is no frame. */
  #apply(endMs: number, name: string, frame: Buffer): 'added' | 'late' | 'full' | undefined {
    const row = parseRowName(name);
    if (row === undefined) return undefined;
    try {
      return this.#store.take(decodeFrame(frame, row, endMs, this.#sums));
    } catch (error) {
      this.#log.warn('a value in Redis is none of ours and is passed over', describeError(error));
      return undefined;
    }
  }

  #goAway(error: unknown): void {
    if (this.#state !== 'away') {
      this.counts.outages += 1;
      this.#context.log.error(
        { error: describeError(error) },
        'Redis cannot be used: the grid goes on with what this server gets',
      );
    }
    this.#state = 'away';
    this.#unsure = true;
    this.#applyPending();
    this.#settleWaiters();
  }

  /** Puts what waits for Redis into the own grid, and gives up waiting for what is too much. */
  #applyPending(): void {
    this.#pending.applyAll((endMs, row, frame) => {
      this.#store.outcomes[this.#apply(endMs, row, frame) ?? 'malformed'] += 1;
    });
    const lost = this.#pending.shrink(this.#config.max_pending);
    this.counts.unshared += lost;
    if (lost > 0) this.#log.warn('what waits for Redis is too much: the other servers will not see the oldest of it');
  }

  #onNews(message: string): void {
    const news = parseNews(message);
    if (news === undefined) return void this.#log.warn('news in Redis is none of ours and is passed over');
    const [oldestMs, newestMs] = this.#keptEnds();
    const { by, endMs, rows } = news;
    if (by === this.#me || endMs < oldestMs || endMs > newestMs || endMs % this.#store.limits.windowMs !== 0) return;
    this.#want(endMs, rows);
    this.#wake();
  }

  #want(endMs: number, names: readonly string[]): void {
    const wanted = this.#wanted.has(endMs) ? this.#wanted.get(endMs) : new Set<string>();
    for (const name of names) wanted?.add(name);
    this.#wanted.set(endMs, (wanted?.size ?? 0) > MAX_WANTED ? undefined : wanted);
  }

  #doubt(): void {
    this.#unsure = true;
    this.#wake();
  }

  #armResync(): void {
    this.#timer = this.#context.clock.after(RESYNC_MS, () => {
      this.#armResync();
      this.#doubt();
    });
  }

  #settleWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Ends of the oldest and the newest window that may be kept. */
  #keptEnds(): readonly [number, number] {
    const { windowMs, windows } = this.#store.limits;
    const runningMs = Math.ceil(this.#nowMs() / windowMs) * windowMs;
    return [runningMs - windows * windowMs, runningMs + windowMs];
  }

  /** A window is kept as long as in memory. */
  #ttlMs(endMs: number): number {
    const { windowMs, windows } = this.#store.limits;
    return Math.max(windowMs, endMs + (windows + 1) * windowMs - this.#nowMs());
  }

  #nowMs(): number {
    return Number(this.#context.clock.nowNs() / 1_000_000n);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** Equal for equal bytes. */
function textOf(bytes: Buffer): string {
  return bytes.toString('latin1');
}
