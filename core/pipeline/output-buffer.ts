/**
 * What an output has not written yet. A batch is a transaction: it is taken, written by the output, and settled; there is
 * one at a time. A full buffer loses its oldest metrics, and counts them.
 */

import type { Metric } from '../metric.js';
import type { Fates } from './fates.js';
import type { Tally } from './tally.js';

export interface OutputBuffer {
  readonly tally: Tally;
  /** Metrics held in memory at most, beside those of a batch in flight. */
  readonly limit: number;
  /** Metrics held. */
  readonly length: number;
  /** Metrics that wait and are in no batch. */
  readonly waiting: number;
  /** Time of the oldest metric; undefined when there is none, or it was not looked at yet. */
  readonly oldestNs: bigint | undefined;
  /** Undefined: this buffer keeps nothing on a disk. */
  readonly disk: DiskUsage | undefined;

  /** Before the first batch is taken; metrics may be added earlier. Throws StartupError. Legal after `close`. */
  open(): Promise<void>;
  /** Keeps what can be kept. What is left is in memory only: `drain` or `discard` it. Never rejects. Legal twice. */
  close(): Promise<void>;

  /** Adds the newest metric; never waits, never throws. Returns false if one was dropped for it now. */
  add(metric: Metric): boolean;
  /** The oldest metrics, up to `max`; empty: there are none, or they cannot be had now. Never rejects. */
  takeBatch(max: number): readonly Metric[] | Promise<readonly Metric[]>;
  /** Ends the transaction. A batch that is not in flight any more (it was recalled or drained) is ignored. */
  settle(batch: readonly Metric[], fates: Fates): void;
  /** Ends the transaction of a batch whose outcome will not be waited for: what is in flight waits again. */
  recall(): void;
  /** Empties the memory and returns what it held, oldest first. It then counts as never added: it goes elsewhere. */
  drain(): readonly Metric[];
  /** Gives up what only the memory has, and counts it as dropped. Returns how many that were. */
  discard(): number;
}

export interface DiskUsage {
  /** Of all files together, what the file system rounds up included. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Metrics on the disk. */
  readonly metrics: number;
  /** Operations that failed, in total. */
  readonly errors: number;
  /** Files set aside because they were damaged, in total. */
  readonly damagedFiles: number;
}
