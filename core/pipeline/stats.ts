/** What the running plugins count. Totals since the instance was made; self-metrics turns them into deltas. */

import { Distribution } from '../distribution.js';
import type { DiskUsage } from './output-buffer.js';

export interface InputStats {
  gathers: number;
  gatherErrors: number;
  /** Ticks that came while a gather still ran. */
  gatherSkipped: number;
  /** Metrics handed on to the outputs. */
  metricsGathered: number;
  metricsFiltered: number;
  /** Everything the input reported or did wrong, failed gathers and starts included. */
  errors: number;
  readonly gatherTime: Timings;
}

export interface ProcessorStats {
  metricsProcessed: number;
  /** Metrics on which the processor threw, and what it made of them that is no metric. */
  metricsDropped: number;
  errors: number;
}

/** What the writes of an output count. */
export interface WriteCounts {
  readonly writeTime: Timings;
  writes: number;
  writeErrors: number;
  /** Batches, or parts of one, that were cut in two. */
  splits: number;
}

export interface OutputStats extends Readonly<WriteCounts> {
  readonly metricsAdded: number;
  /** Found on the disk at the start. */
  readonly metricsRecovered: number;
  readonly metricsWritten: number;
  readonly metricsRejected: number;
  readonly metricsDropped: number;
  readonly metricsFiltered: number;
  /** What was rejected and dropped, by reason. */
  readonly rejections: ReadonlyMap<string, number>;
  readonly drops: ReadonlyMap<string, number>;
  readonly bufferSize: number;
  readonly bufferLimit: number;
  /** Time of the oldest metric in the buffer, UTC. */
  readonly oldestNs: bigint | undefined;
  readonly disk: DiskUsage | undefined;
  /** Whether the output waits out a failure. */
  readonly circuitOpen: boolean;
}

/** Durations since they were last taken. */
export class Timings {
  #current = new Distribution();

  recordMs(ms: number): void {
    this.#current.record(Math.max(0, ms) * 1e6);
  }

  /** Everything recorded since the last call; undefined when that is nothing. */
  take(): Distribution | undefined {
    if (this.#current.count === 0) return undefined;
    const taken = this.#current;
    this.#current = new Distribution();
    return taken;
  }
}

export const newInputStats = (): InputStats => ({
  gathers: 0,
  gatherErrors: 0,
  gatherSkipped: 0,
  metricsGathered: 0,
  metricsFiltered: 0,
  errors: 0,
  gatherTime: new Timings(),
});

export const newProcessorStats = (): ProcessorStats => ({ metricsProcessed: 0, metricsDropped: 0, errors: 0 });
