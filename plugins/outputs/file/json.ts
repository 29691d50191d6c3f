/** JSON lines. Durations are whole ns, the time is UTC with nine digits of the second. */

import { type Distribution, SCALE } from '../../../core/distribution.js';
import type { Field, Metric } from '../../../core/metric.js';
import { isoTime } from '../../common/iso-time.js';
import { quantilesNs } from '../../common/quantiles.js';

/** One object without the end of its line. */
export function jsonLine(metric: Metric): string {
  const fields = Object.fromEntries(Object.entries(metric.fields).map(([key, field]) => [key, fieldValue(field)]));
  return JSON.stringify({ name: metric.name, tags: metric.tags, fields, time: isoTime(metric.timeNs) });
}

function fieldValue(field: Field): unknown {
  return field.kind === 'distribution' ? distributionObject(field.value) : field.value;
}

/** `buckets[i]` belongs to bucket `offset + i`; values of 0 are in none: `count` less the buckets. */
function distributionObject(distribution: Distribution): object {
  const { offset, counts } = distribution.denseBuckets();
  return {
    count: distribution.count,
    sum: distribution.sumNsNumber,
    min: distribution.minNs,
    max: distribution.maxNs,
    ...Object.fromEntries(quantilesNs(distribution)),
    scale: SCALE,
    offset,
    buckets: counts,
  };
}
