/** What became of the metrics that an output was given. */

import { BatchRefusedError, PartialWriteError, PermanentError } from '../../core/errors.js';
import type { Metric } from '../../core/metric.js';
import type { Output } from '../../core/plugin.js';

export interface Fates {
  readonly accepted: ReadonlySet<number>;
  /** By index, with the reason. */
  readonly rejected: ReadonlyMap<number, string>;
  readonly writes: number;
}

/** Settles the batch as the agent does. Rejects with what keeps metrics. */
export async function settled(output: Output, batch: readonly Metric[]): Promise<Fates> {
  const [accepted, rejected] = [new Set<number>(), new Map<number, string>()];
  let writes = 0;
  const write = async (from: number, to: number): Promise<void> => {
    writes += 1;
    try {
      await output.write(batch.slice(from, to), new AbortController().signal);
      for (let i = from; i < to; i += 1) accepted.add(i);
    } catch (error) {
      if (error instanceof PartialWriteError && !error.retry) {
        for (const index of error.accepted) accepted.add(from + index);
        for (const each of error.rejected) {
          const { index, reason } = typeof each === 'number' ? { index: each, reason: 'refused' } : each;
          rejected.set(from + index, reason);
        }
      } else if (error instanceof PermanentError || (error instanceof BatchRefusedError && to - from === 1)) {
        for (let i = from; i < to; i += 1) rejected.set(i, error.reason);
      } else if (error instanceof BatchRefusedError) {
        const middle = from + Math.ceil((to - from) / 2);
        await write(from, middle);
        await write(middle, to);
      } else throw error;
    }
  };
  await write(0, batch.length);
  return { accepted, rejected, writes };
}
