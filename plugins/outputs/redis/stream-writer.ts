/**
 * Adds windows to streams such that what is written again after a lost answer stands there once. Metrics have numbers that
 * ascend; beside each stream Redis keeps the last one that this writer has added, and changes both in one step. Parts of a
 * batch follow one another: a part is sent when the one before is known to be there.
 */

import { randomBytes } from 'node:crypto';
import type { Metric } from '../../../core/metric.js';
import { streamKey, writerKey } from './keys.js';
import { partsOf } from './parts.js';
import type { MetricRecord } from './record.js';
import { tableOf } from './script-table.js';

/** How long Redis remembers a writer that is silent. */
const WRITER_EXPIRY_MS = 3_600_000;
const ID_BYTES = 9;

export interface StreamPart {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly records: readonly MetricRecord[];
}

/** Sends a part; resolves to whether it is there. */
export type SendPart = (part: StreamPart) => Promise<boolean>;

export class StreamWriter {
  readonly #prefix: string;
  readonly #length: number;
  /** Made with the first entry. */
  #id: string | undefined;
  #lastNumber = 0;
  /** Metrics that were sent and of which nobody knows whether they are there. */
  readonly #doubtful = new WeakMap<Metric, number>();
  /** Metrics that are there, though something else of them may have to be written again. */
  readonly #added = new WeakSet<Metric>();
  /** By stream: the last number that is known to be there. */
  readonly #lastAdded = new Map<string, number>();

  /** `length`: entries that a stream keeps, about. */
  constructor(prefix: string, length: number) {
    this.#prefix = prefix;
    this.#length = length;
  }

  /** Adds what is not there, in order; all of one transport. Stops at the first part that fails, and returns what is left. */
  async append(transport: string, records: readonly MetricRecord[], send: SendPart): Promise<readonly MetricRecord[]> {
    const stream = streamKey(this.#prefix, transport);
    const missing = records.filter(({ metric }) => !this.#added.has(metric));
    let at = 0;
    for (const part of partsOf(missing)) {
      const numbers = this.#numbersOf(part, stream);
      if (!(await send(this.#partOf(stream, part, numbers)))) return missing.slice(at);
      this.#lastAdded.set(stream, numbers.at(-1) ?? 0);
      for (const { metric } of part) this.#added.add(metric);
      at += part.length;
    }
    return [];
  }

  /** These will not come again; if they do, they are others. */
  forget(metrics: Iterable<Metric>): void {
    for (const metric of metrics) {
      this.#added.delete(metric);
      this.#doubtful.delete(metric);
    }
  }

  #numbersOf(part: readonly MetricRecord[], stream: string): readonly number[] {
    let last = this.#lastAdded.get(stream) ?? 0;
    return part.map(({ metric }) => {
      const known = this.#doubtful.get(metric);
      // One that is out of order would be passed over: rather twice than not at all.
      if (known !== undefined && known > last) last = known;
      else {
        this.#lastNumber += 1;
        last = this.#lastNumber;
        this.#doubtful.set(metric, last);
      }
      return last;
    });
  }

  #partOf(stream: string, records: readonly MetricRecord[], numbers: readonly number[]): StreamPart {
    this.#id ??= randomBytes(ID_BYTES).toString('base64url');
    const args = [String(this.#length), String(WRITER_EXPIRY_MS), `[${numbers.join(',')}]`, ...tableOf(records)];
    return { keys: [stream, writerKey(this.#prefix, stream, this.#id)], args, records };
  }
}
