/**
 * The buffer on a disk. Metrics come into memory first and go to the disk together: one sync for all that came within a tenth
 * of a second, or for a full batch. What was synced survives the process; what the server has not acknowledged is written
 * again after a restart. While the disk fails, this is a buffer in memory like the other one.
 */

import type { Clock, Timer } from '../../clock.js';
import { ConfigError, StartupError } from '../../errors.js';
import type { Metric } from '../../metric.js';
import type { Logger } from '../../plugin.js';
import { backOffMs } from '../back-off.js';
import { isA, messageOf } from '../calls.js';
import { Fates } from '../fates.js';
import { LimitedLog } from '../limited-log.js';
import { MemoryBuffer } from '../memory-buffer.js';
import type { DiskUsage, OutputBuffer } from '../output-buffer.js';
import { Tally } from '../tally.js';
import { DiskLog } from './disk-log.js';
import { prepareFolder } from './folder.js';

export interface DiskBufferOptions {
  readonly folder: string;
  readonly maxBytes: number;
  /** Metrics in memory that are not on the disk yet. */
  readonly limit: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Held {
  readonly sequence: number;
  readonly metric: Metric;
}

/** Errors that pass by themselves, or when somebody makes room. */
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE']);
/** How long a metric may be in memory only. */
const PERSIST_AFTER_MS = 100;
/** So many are persisted at once, without waiting. */
const PERSIST_METRICS = 1000;
/** What was persisted is kept in memory, too, as long as no more than this waits: it need not be read again. */
const READY_METRICS = 2000;

export class DiskBuffer implements OutputBuffer {
  readonly tally = new Tally();
  readonly #options: DiskBufferOptions;
  readonly #limitedLog: LimitedLog;
  /** What is not on the disk yet. */
  readonly #tail: MemoryBuffer;
  #log: DiskLog | undefined;
  /** What was read of the disk and is in no batch, oldest first. */
  #ready: Held[] = [];
  /** The batch in flight: from the disk, or straight from the tail. */
  #batch: { readonly metrics: readonly Metric[]; readonly held: readonly Held[] | undefined } | undefined;
  /** Metrics that were on the disk when it was closed. */
  #left = 0;
  /** Everything before gave way to newer metrics. */
  #evicted = 0;
  #errors = 0;
  #damagedFiles = 0;
  /** Failures of the disk in a row; while there are any, it is left alone until the time comes. */
  #failures = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #persistsSoon = false;
  /** Work on the disk, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: DiskBufferOptions) {
    this.#options = options;
    this.#limitedLog = new LimitedLog(options.log, options.clock);
    this.#tail = new MemoryBuffer(options.limit, this.tally);
  }

  get limit(): number {
    return this.#tail.limit;
  }

  get length(): number {
    return this.#tail.length + this.#onDisk;
  }

  get waiting(): number {
    return this.length - (this.#batch?.metrics.length ?? 0);
  }

  get oldestNs(): bigint | undefined {
    const oldest = this.#batch?.held?.[0] ?? this.#ready[0];
    if (oldest !== undefined) return oldest.metric.timeNs;
    return this.#onDisk > 0 ? undefined : this.#tail.oldestNs;
  }

  get disk(): DiskUsage {
    const { maxBytes } = this.#options;
    const damagedFiles = this.#damagedFiles + (this.#log?.damagedFiles ?? 0);
    return { bytes: this.#log?.bytes ?? 0, maxBytes, metrics: this.#onDisk, errors: this.#errors, damagedFiles };
  }

  open(): Promise<void> {
    return this.#next(async () => {
      if (this.#log !== undefined) return;
      const { folder, log } = this.#options;
      const opened = await this.#openLog();
      if (opened === undefined) return;
      const found = opened.end - opened.settled;
      this.#log = opened;
      this.tally.recovered += found - this.#left;
      this.#left = 0;
      if (found > 0) log.info({ metrics: found, folder }, 'metrics found in the disk buffer: they are written first');
      this.#persistSoon();
    });
  }

  async close(): Promise<void> {
    this.recall();
    await this.#next(async () => {
      this.recall();
      this.#timer?.cancel();
      this.#timer = undefined;
      const log = this.#log;
      if (log === undefined) return;
      // The last chance, also for a disk that failed a moment ago.
      this.#notBeforeMs = Number.NEGATIVE_INFINITY;
      await this.#persistAll();
      await this.#settleDisk();
      this.#left = this.#onDisk;
      this.#damagedFiles += log.damagedFiles;
      this.#ready = [];
      this.#log = undefined;
      if (this.#left > 0) {
        const { folder } = this.#options;
        this.#options.log.info({ metrics: this.#left, folder }, 'metrics stay in the disk buffer: not written yet');
      }
      await log.close().catch((error) => this.#fail('the disk buffer had an error', error));
    });
  }

  add(metric: Metric): boolean {
    const isKept = this.#tail.add(metric);
    this.#persistSoon();
    return isKept;
  }

  /** Puts on the disk what is in memory only. False: not everything; it is still in memory. Never rejects. */
  persist(): Promise<boolean> {
    return this.#next(() => this.#persistAll());
  }

  takeBatch(max: number): Promise<readonly Metric[]> {
    if (this.#batch !== undefined) throw new Error('a batch is in flight already');
    return this.#next(async () => {
      await this.#fill(max);
      if (this.#ready.length > 0) {
        const held = this.#ready.splice(0, max);
        return this.#begin(
          held.map(({ metric }) => metric),
          held,
        );
      }
      // The disk does not take it: it goes to the server straight from memory, after what the disk has.
      // What was lost on the way there is settled, too.
      await this.#settleDisk();
      const isReadAll = this.#log === undefined || this.#log.next === this.#log.end;
      return isReadAll ? this.#begin(this.#tail.takeBatch(max), undefined) : [];
    });
  }

  settle(batch: readonly Metric[], fates: Fates): void {
    if (this.#batch === undefined || batch !== this.#batch.metrics) return;
    const { held } = this.#batch;
    this.#batch = undefined;
    if (held === undefined) {
      this.#tail.settle(batch, fates);
      this.#persistSoon();
      return;
    }
    this.tally.settle(fates);
    const kept = held.filter((_, i) => fates.isKept(i));
    const back = kept.filter(({ sequence }) => sequence >= this.#evicted);
    this.tally.drop('max_bytes', kept.length - back.length);
    this.#ready.unshift(...back);
    void this.#next(() => this.#settleDisk());
  }

  recall(): void {
    if (this.#batch !== undefined) this.settle(this.#batch.metrics, new Fates(this.#batch.metrics.length));
  }

  /** What the disk has stays there. */
  drain(): readonly Metric[] {
    this.recall();
    return this.#tail.drain();
  }

  discard(): number {
    this.recall();
    return this.#tail.discard();
  }

  /** Metrics on the disk that are not settled. */
  get #onDisk(): number {
    const log = this.#log;
    if (log === undefined) return this.#left;
    return log.end - log.next + this.#ready.length + (this.#batch?.held?.length ?? 0);
  }

  /** Undefined: not now, as the disk is full; it is tried again. Throws ConfigError or StartupError. */
  async #openLog(): Promise<DiskLog | undefined> {
    const { folder, maxBytes } = this.#options;
    let log: DiskLog | undefined;
    try {
      await prepareFolder(folder);
      log = await DiskLog.open({
        folder,
        maxBytes,
        onLost: (count) => this.#lose(count),
        onEvicted: (before, unread) => this.#evict(before, unread),
        onError: (error) => this.#fail('the disk buffer had an error', error),
      });
    } catch (error) {
      if (isA(ConfigError, error)) throw error;
      if (!PASSING.has((error as NodeJS.ErrnoException).code ?? ''))
        throw new StartupError(`cannot open the disk buffer in ${folder}`, { retryable: true, cause: error });
      this.#noteFailure(error);
      this.#timer ??= this.#options.clock.after(this.#holdOffMs(), () => {
        this.#timer = undefined;
        void this.open().catch((reason) => this.#fail('the disk buffer cannot be opened', reason));
      });
      return undefined;
    }
    if (log !== undefined) return log;
    const message = `the directory ${folder} is in use: by another weft, or another output of this one; give each its own`;
    throw new StartupError(message, { retryable: true });
  }

  /** One after the other, whatever became of the one before. */
  #next<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => {});
    return result;
  }

  #begin(metrics: readonly Metric[], held: readonly Held[] | undefined): readonly Metric[] {
    if (metrics.length > 0) this.#batch = { metrics, held };
    return metrics;
  }

  /** Gets a batch ready, as far as there is one. */
  async #fill(max: number): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    while (this.#ready.length < max) {
      if (log.next === log.end) {
        if (this.#tail.waiting === 0 || !(await this.#persistSome())) return;
      } else if (!(await this.#readSome(log))) return;
    }
  }

  async #readSome(log: DiskLog): Promise<boolean> {
    try {
      const run = await log.read();
      for (const [i, metric] of run?.metrics.entries() ?? [])
        this.#ready.push({ sequence: (run?.first ?? 0) + i, metric });
      return true;
    } catch (error) {
      this.#fail('the disk buffer cannot be read now', error);
      return false;
    }
  }

  #persistSoon(): void {
    if (this.#log === undefined || this.#tail.waiting === 0) return;
    if (this.#tail.waiting >= PERSIST_METRICS && this.#failures === 0) {
      if (this.#persistsSoon) return;
      this.#persistsSoon = true;
      void this.persist().finally(() => {
        this.#persistsSoon = false;
        this.#persistSoon();
      });
      return;
    }
    if (this.#timer !== undefined) return;
    const { clock } = this.#options;
    this.#timer = clock.after(Math.max(PERSIST_AFTER_MS, this.#holdOffMs()), () => {
      this.#timer = undefined;
      void this.persist().finally(() => this.#persistSoon());
    });
  }

  async #persistAll(): Promise<boolean> {
    while (this.#tail.waiting > 0) if (!(await this.#persistSome())) return false;
    return true;
  }

  /** False: nothing was done, as the disk fails, or a batch goes to the server straight from the tail. */
  async #persistSome(): Promise<boolean> {
    const log = this.#log;
    const isDirect = this.#batch !== undefined && this.#batch.held === undefined;
    if (log === undefined || isDirect || this.#holdOffMs() > 0) return false;
    const metrics = this.#tail.takeBatch(PERSIST_METRICS);
    const isCaughtUp = log.next === log.end;
    try {
      const { first, taken, oversize } = await log.append(metrics);
      this.#tail.handOn(metrics, taken);
      this.tally.drop('oversize', oversize.length);
      if (oversize.length > 0) this.#limitedLog.warn('metrics are too large for the disk buffer: they are dropped');
      if (isCaughtUp && this.#ready.length + taken <= READY_METRICS)
        this.#keepReady(log, metrics, first, taken, oversize);
      if (this.#failures > 0) this.#options.log.info({}, 'the disk buffer works again');
      this.#failures = 0;
      return true;
    } catch (error) {
      this.#tail.recall();
      this.#noteFailure(error);
      return false;
    }
  }

  #keepReady(
    log: DiskLog,
    metrics: readonly Metric[],
    first: number,
    taken: number,
    oversize: readonly number[],
  ): void {
    const leftOut = new Set(oversize);
    let sequence = first;
    for (const [i, metric] of metrics.slice(0, taken).entries()) {
      if (!leftOut.has(i)) this.#ready.push({ sequence: sequence++, metric });
    }
    log.skipToEnd();
  }

  /** Tells the disk what is not needed any more. */
  async #settleDisk(): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    const oldest = this.#batch?.held?.[0] ?? this.#ready[0];
    try {
      await log.settle(oldest?.sequence ?? log.next);
    } catch (error) {
      this.#fail('the disk buffer had an error', error);
    }
  }

  #lose(count: number): void {
    if (count === 0) return;
    // Before it is open they are not known of.
    if (this.#log === undefined) this.tally.recovered += count;
    this.tally.drop('damaged', count);
    this.#limitedLog.error('the disk buffer is damaged: metrics are lost; what is left of the file is set aside');
  }

  /** What is in a batch meanwhile may still arrive. */
  #evict(before: number, unread: number): void {
    this.#evicted = before;
    const first = this.#ready.findIndex(({ sequence }) => sequence >= before);
    const ready = this.#ready.splice(0, first < 0 ? this.#ready.length : first).length;
    if (this.#log === undefined) this.tally.recovered += unread;
    if (ready + unread === 0) return;
    this.tally.drop('max_bytes', ready + unread);
    this.#limitedLog.warn('the disk buffer is full: the oldest metrics are dropped');
  }

  #holdOffMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#options.clock.monotonicMs());
  }

  #noteFailure(error: unknown): void {
    this.#failures += 1;
    this.#notBeforeMs = this.#options.clock.monotonicMs() + backOffMs(this.#failures, Math.random);
    this.#fail('the disk buffer cannot be written: metrics stay in memory, and go on from there', error);
  }

  #fail(message: string, error: unknown): void {
    this.#errors += 1;
    this.#limitedLog.error(message, messageOf(error));
  }
}
