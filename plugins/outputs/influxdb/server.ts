/** What the three versions of InfluxDB have in common for a writer. */

import type { Point, Precision } from './batch.js';

/** Version 3 tells of every line that is wrong, version 1 repeats it. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** A server, whatever is in front of it, has answered. */
export interface ServerAnswer {
  readonly status: number;
  /** The header Retry-After. */
  readonly retryAfter: string | undefined;
  readonly body: string;
}

export interface InfluxServer {
  /** Rejects when the files of the credentials cannot be used. */
  check(): Promise<void>;
  /** Writes the points in one request. Rejects when there is no whole answer in time; any status is an answer. */
  write(points: readonly Point[], precision: Precision, signal: AbortSignal): Promise<ServerAnswer>;
  /** Ends what is under way. */
  close(): void;
}
