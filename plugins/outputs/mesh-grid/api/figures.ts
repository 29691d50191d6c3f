/** The figure of a view that was asked for, and its unit. */

import { COUNTS, type Count } from '../../../common/grid/store/cell.js';
import { countMatrix } from '../../../common/grid/store/view.js';
import type { View } from '../../../common/grid/store/views.js';
import type { Stat } from './forms.js';

const PACKETS: readonly Stat[] = ['duplicate', 'syn_retransmits'];

export function unitOf(stat: Stat): 'ns' | 'ratio' | 'probes' | 'packets' {
  if (stat === 'loss') return 'ratio';
  if (PACKETS.includes(stat)) return 'packets';
  return stat === 'count' || isCount(stat) ? 'probes' : 'ns';
}

/** Row-major; NaN: no value. Durations are whole ns. */
export function figuresOf(view: View, stat: Stat): Float64Array {
  if (stat === 'loss') return view.loss;
  if (isCount(stat)) {
    const counts = countMatrix(view.counts, stat);
    for (let cell = 0; cell < counts.length; cell += 1) if (view.states[cell] === 0) counts[cell] = Number.NaN;
    return counts;
  }
  return view.delay[stat].map(Math.round);
}

function isCount(stat: Stat): stat is Count {
  return (COUNTS as readonly string[]).includes(stat);
}
