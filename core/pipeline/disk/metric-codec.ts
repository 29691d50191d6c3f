/**
 * A metric as one line of JSON, `[name, tags, fields, timeNs]` with `fields` flat: key, kind, value and unit of each. What is
 * read is what was written: JSON keeps lone surrogates and `__proto__` as a key, numbers that it does not know are texts.
 */

import { Distribution } from '../../distribution.js';
import type { Field, Fields, Metric, Tags } from '../../metric.js';

type Line = readonly [name: string, tags: Tags, fields: readonly unknown[], timeNs: string];

/** -0, NaN and the infinities are texts; so is a sum beyond 2^53. */
type Figure = number | string;

/** count, sum, min, max, then index and count of each populated bucket; ns. */
type DistributionLine = readonly [count: number, sumNs: Figure, minNs: number, maxNs: number, ...buckets: number[]];

/** Without a line feed at its end, or in it. */
export function encodeMetric({ name, tags, fields, timeNs }: Metric): string {
  const flat: unknown[] = [];
  for (const key in fields) {
    const field = fields[key];
    if (field === undefined) continue;
    if (field.kind === 'text') flat.push(key, field.kind, field.value, null);
    else flat.push(key, field.kind, writtenValue(field), field.unit);
  }
  return JSON.stringify([name, tags, flat, String(timeNs)] satisfies Line);
}

/** Throws on anything that `encodeMetric` did not write. */
export function decodeMetric(line: string): Metric {
  const [name, tags, flat, timeNs] = JSON.parse(line) as Line;
  const fields: [string, Field][] = [];
  for (let i = 0; i < flat.length; i += 4)
    fields.push([String(flat[i]), fieldOf(flat[i + 1], flat[i + 2], flat[i + 3])]);
  return { name, tags, fields: Object.fromEntries(fields) as Fields, timeNs: BigInt(timeNs) };
}

function writtenValue(field: Exclude<Field, { kind: 'text' }>): Figure | DistributionLine {
  if (field.kind === 'distribution') return distributionLine(field.value);
  return Number.isFinite(field.value) && !Object.is(field.value, -0) ? field.value : textOf(field.value);
}

/** String(-0) is `0`. */
function textOf(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function fieldOf(kind: unknown, value: unknown, unit: unknown): Field {
  switch (kind) {
    case 'gauge':
    case 'count':
      return { kind, value: Number(value), unit: String(unit) };
    case 'distribution':
      return { kind, value: distributionOf(value as DistributionLine), unit: 'ns' };
    case 'text':
      return { kind, value: String(value) };
    default:
      throw new RangeError(`no kind of field: ${String(kind)}`);
  }
}

function distributionLine(value: Distribution): DistributionLine {
  const sum = value.sumNs;
  const isSafe = sum <= BigInt(Number.MAX_SAFE_INTEGER);
  const buckets: number[] = [];
  value.forEachBucket((index, count) => buckets.push(index, count));
  return [value.count, isSafe ? Number(sum) : String(sum), value.minNs, value.maxNs, ...buckets];
}

function distributionOf([count, sum, minNs, maxNs, ...pairs]: DistributionLine): Distribution {
  const offset = pairs[0] ?? 0;
  const counts: number[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const place = (pairs[i] ?? 0) - offset;
    while (counts.length < place) counts.push(0);
    counts.push(pairs[i + 1] ?? 0);
  }
  return Distribution.fromParts({ count, sumNs: BigInt(sum), minNs, maxNs, buckets: { offset, counts } });
}
