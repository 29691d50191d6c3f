/** What a probe that is stamped at both ends measured, for a person: `weft ping` of such transports. */

import { CLOCK_NAMES, type ClockName, RESULT_NAMES, type Slice } from '../../../native/index.js';

/** All in ns; NaN: not measured. */
export interface Delays {
  readonly networkRttNs: number;
  readonly proberDelayNs: number;
  readonly responderDelayNs: number;
  readonly programRttNs: number;
  readonly clock: ClockName;
}

/** Of record `i`; undefined when the probe was not answered in time. */
export function delaysOf(slice: Slice, i: number): Delays | undefined {
  const result = RESULT_NAMES[slice.result(i)];
  if (result !== 'success' && result !== 'invalid') return undefined;
  return {
    networkRttNs: slice.networkRttNs(i),
    proberDelayNs: slice.proberDelayNs(i),
    responderDelayNs: slice.responderDelayNs(i),
    programRttNs: slice.programRttNs(i),
    clock: CLOCK_NAMES[slice.clock(i)] ?? 'user',
  };
}
