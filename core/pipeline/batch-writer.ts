/**
 * Writes one batch and settles it: in one piece if the server takes it so, in halves of halves where it does not, until what
 * it refuses stands alone. What is wrong is dropped alone, and counted by reason; all else is accepted or kept.
 */

import type { Tracer } from '@opentelemetry/api';
import type { Clock } from '../clock.js';
import type { Metric } from '../metric.js';
import type { Output } from '../plugin.js';
import type { Calls } from './calls.js';
import { Fates } from './fates.js';
import type { LimitedLog } from './limited-log.js';
import type { OutputBuffer } from './output-buffer.js';
import { traced } from './spans.js';
import type { WriteCounts } from './stats.js';
import { type Verdict, verdictOf } from './verdict.js';

/** A write that takes longer is told to give up; until it does, the output is hung. */
export const WRITE_TIMEOUT_MS = 30_000;
/**
 * Refusals in one batch before there is a pause: a dozen bad metrics among a thousand are found in one go, and a server that
 * refuses everything is not asked thousands of times.
 */
const MAX_REFUSALS = 128;
/** Batches in a row that a smaller size has to work for before a larger one is tried. */
const STEADY_BATCHES = 16;

export interface BatchWriterOptions {
  /** Of the output. */
  readonly name: string;
  readonly clock: Clock;
  readonly tracer: Tracer | undefined;
  readonly calls: Calls;
  readonly log: LimitedLog;
  readonly buffer: OutputBuffer;
  readonly counts: WriteCounts;
  readonly batchSize: number;
  /** Ends the work between two writes. */
  readonly signal: AbortSignal;
}

/** How a batch went: on to the next, or wait. */
export type Progress =
  | { readonly done: true }
  | { readonly done: false; readonly gotSomewhere: boolean; readonly retryAfterMs: number };

/** A part `[from, to)` of the batch. */
interface Piece {
  readonly from: number;
  readonly to: number;
}

export class BatchWriter {
  readonly #options: BatchWriterOptions;
  #size: number;
  #steady = 0;

  constructor(options: BatchWriterOptions) {
    this.#options = options;
    this.#size = options.batchSize;
  }

  /** Metrics that the next batch has at most: less than the configured number while the server calls that too large. */
  get batchSize(): number {
    return this.#size;
  }

  /** Never rejects. */
  async write(plugin: Output, batch: readonly Metric[]): Promise<Progress> {
    const fates = new Fates(batch.length);
    const pieces: Piece[] = [{ from: 0, to: batch.length }];
    let wait: { readonly retryAfterMs: number } | undefined;
    let refusals = 0;
    /** Of the parts that a server took where it called a larger one too large. */
    let fitting: number | undefined;
    for (let piece = pieces.pop(); piece !== undefined && wait === undefined; piece = pieces.pop()) {
      const verdict = await this.#attempt(plugin, batch, piece);
      if (verdict?.kind === 'split') {
        pieces.push(...this.#split(piece, verdict, fates));
        if (verdict.tooLarge) fitting ??= 0;
        refusals += 1;
        if (refusals >= MAX_REFUSALS) wait = { retryAfterMs: 0 };
      } else {
        wait = this.#judge(piece, verdict, fates);
        if (wait === undefined && fitting !== undefined) fitting = Math.max(fitting, piece.to - piece.from);
      }
      if (this.#options.signal.aborted) break;
    }
    this.#options.buffer.settle(batch, fates);
    if (wait !== undefined) return { done: false, gotSomewhere: fates.accepted > 0, ...wait };
    this.#adapt(batch.length, fitting);
    return { done: true };
  }

  /** Undefined: all of it was accepted. */
  async #attempt(plugin: Output, batch: readonly Metric[], { from, to }: Piece): Promise<Verdict | undefined> {
    const { name, clock, tracer, calls, counts, log } = this.#options;
    const part = to - from === batch.length ? batch : batch.slice(from, to);
    const startMs = clock.monotonicMs();
    counts.writes += 1;
    const outcome = await traced(tracer, 'output.write', { 'weft.output': name, 'weft.metrics': part.length }, () =>
      calls.run(
        (signal) => plugin.write(part, signal),
        WRITE_TIMEOUT_MS,
        () => log.warn('write takes too long and is told to give up'),
      ),
    );
    counts.writeTime.recordMs(clock.monotonicMs() - startMs);
    if (outcome.ok) return undefined;
    counts.writeErrors += 1;
    return verdictOf(outcome.error);
  }

  /** Settles what a write says for itself; a result means: wait before the next. */
  #judge(
    { from, to }: Piece,
    verdict: Exclude<Verdict, { kind: 'split' }> | undefined,
    fates: Fates,
  ): { retryAfterMs: number } | undefined {
    const { log } = this.#options;
    switch (verdict?.kind) {
      case undefined:
        fates.acceptAll(from, to);
        return undefined;
      case 'rejected':
        log.error('output refused a batch for good: its metrics are rejected', verdict.message);
        fates.rejectAll(from, to, verdict.reason);
        return undefined;
      case 'partial':
        log.warn('output took a part of a batch', verdict.message);
        fates.apply(from, to, verdict.accepted, verdict.rejected);
        if (verdict.rest !== undefined) fates.rejectAll(from, to, verdict.rest);
        return verdict.rest === undefined ? { retryAfterMs: verdict.retryAfterMs } : undefined;
      case 'kept':
        log.warn('write failed: the batch is kept and written again', verdict.message);
        return { retryAfterMs: verdict.retryAfterMs };
    }
  }

  /** The halves, the first one last: it is the next to be written. A single metric is rejected instead. */
  #split({ from, to }: Piece, verdict: Extract<Verdict, { kind: 'split' }>, fates: Fates): readonly Piece[] {
    const { log, counts } = this.#options;
    const size = to - from;
    if (size === 1) {
      log.error('output refused a metric for good: it is rejected', verdict.message);
      fates.reject(from, verdict.reason);
      return [];
    }
    log.warn('output refused a batch: it is written again in halves', verdict.message);
    counts.splits += 1;
    const middle = from + Math.ceil(size / 2);
    return [
      { from: middle, to },
      { from, to: middle },
    ];
  }

  /** Batches become as large as the server was seen to take, and after a while larger again. */
  #adapt(length: number, fitting: number | undefined): void {
    if (fitting !== undefined) {
      // None fits: it is the metrics that are too large, one by one, and not their number.
      if (fitting > 0) this.#size = fitting;
      this.#steady = 0;
    } else if (length >= this.#size && this.#size < this.#options.batchSize) {
      this.#steady += 1;
      if (this.#steady < STEADY_BATCHES) return;
      this.#size = Math.min(this.#options.batchSize, 2 * this.#size);
      this.#steady = 0;
    }
  }
}
