/**
 * What the records of a transport say: all that windows and sums do not know of it. A reading has no state, so one
 * serves every target; what it adds up stands in arrays that it is handed, since an agent holds thousands of sums.
 */

import type { Distribution } from '../../../core/distribution.js';
import { count, type Field, type Fields } from '../../../core/metric.js';
import type { Target } from '../../../core/target.js';
import { RESULT_NAMES, type Slice } from '../../../native/index.js';

/** By durations of the reading; undefined where none was measured. */
export type Distributions = readonly (Distribution | undefined)[];

export interface Reading<T extends Target> {
  /**
   * How many numbers a window keeps of a series. The first ones are the results, by their index in RESULT_NAMES, and are
   * counted for the reading; the others, from OWN_NUMBERS on, are its own: counts, or last values. All begin at 0.
   */
  readonly numbers: number;
  /** The number that counts probes whose end was replaced meanwhile; undefined: ends of this transport are not. */
  readonly stale?: number;
  /** How many durations a window keeps of a success; each becomes a distribution. */
  readonly durations: number;
  /** Adds record `i` of the slice, whatever its result, to the reading's own numbers. */
  count(numbers: number[], slice: Slice, i: number, target: T): void;
  /** Writes the durations of record `i`, a success, to `samples` from `at` on: ns, NaN what was not measured. */
  measure(samples: number[], at: number, slice: Slice, i: number, target: T): void;
  /**
   * The window as fields. Make them literals of one shape, which is what a hot path of the engine likes. What has no
   * distribution has no field: never a zero latency.
   */
  fields(numbers: readonly number[], distributions: Distributions): Fields;
}

/** Where a reading's own numbers begin. */
export const OWN_NUMBERS = RESULT_NAMES.length;

/** Most results of most windows: one object for all of them. */
const NO_PROBES = count(0, 'probes');

/** A count of probes. */
export function probes(value: number): Field {
  return value === 0 ? NO_PROBES : count(value, 'probes');
}
