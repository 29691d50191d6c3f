/**
 * A metric as a point of the line protocol, without its time, or why there is none. What is written comes back by query
 * as it was; nothing is bent until it fits. https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 */

import type { Metric } from '../../../core/metric.js';
import { integerText, type ValueVisitor, visitValues } from '../../common/line-protocol.js';
import { PointFault } from './fault.js';
import { shown, Words } from './word.js';

/** A series key and a field key together, with what InfluxDB puts between them; versions 1 and 2 hold no longer one. */
export const MAX_KEY_BYTES = 65_535;
const KEY_SEPARATOR_BYTES = 4;

/** int64 less the two values that InfluxDB keeps for itself. */
const MIN_TIME_NS = -(2n ** 63n) + 2n;
const MAX_TIME_NS = 2n ** 63n - 2n;
/** The first double beyond int64; the one below it is 2^63 − 1024. */
const INT64_END = 2 ** 63;

/** `maxKeyBytes`: MAX_KEY_BYTES, or no limit. Throws PointFault. The metric has a field. */
export function pointText(metric: Metric, maxKeyBytes: number): string {
  if (metric.timeNs < MIN_TIME_NS || metric.timeNs > MAX_TIME_NS)
    throw new PointFault('out_of_range', `the time ${metric.timeNs} ns is beyond 64 bits`);
  const series = seriesText(metric);
  const fields: string[] = [];
  const names = new Set<string>();
  let longestKey = '';
  const append: ValueVisitor = (key, value, isInteger) => {
    const name = fieldKeyText(key);
    names.add(name);
    if (name.length > longestKey.length) longestKey = name;
    fields.push(`${name}=${valueText(key, value, isInteger)}`);
  };
  for (const key in metric.fields) {
    const field = metric.fields[key];
    if (key === '') throw new PointFault('invalid', 'a field has no name');
    if (field !== undefined) visitValues(key, field, append);
  }
  // A count `rtt_p50` beside a distribution `rtt`: the second would overwrite the first.
  if (names.size < fields.length) throw new PointFault('invalid', 'a field has the name of a figure of another one');
  const keyBytes = Buffer.byteLength(series) + KEY_SEPARATOR_BYTES + Buffer.byteLength(longestKey);
  if (keyBytes > maxKeyBytes)
    throw new PointFault(
      'too_long',
      `name, tags and field key have ${keyBytes} bytes; at most ${maxKeyBytes} are held`,
    );
  // Joined in one go: text built up with += would be kept as a chain of its pieces, thousands of points long.
  return `${series} ${fields.join(',')}`;
}

/** An equals sign in a name stands for itself. */
const NAMES = new Words('name', /[, ]/g);
const TAGS = new Words('tag', /[,= ]/g);
const VALUES = new Words('value of a tag', /[,= ]/g);
const FIELDS = new Words('field', /[,= ]/g);

/** Name and tags: sorted by key, which InfluxDB stores fastest; without empty ones, which are absent and illegal in a line. */
function seriesText({ name, tags }: Metric): string {
  // A line that begins with it is a comment: it would be taken, and not stored.
  if (name.startsWith('#')) throw new PointFault('invalid', `the name ${shown(name)} begins with #`);
  let text = NAMES.write(name);
  for (const tag of Object.keys(tags).sort()) {
    const value = tags[tag] ?? '';
    if (value === '') continue;
    if (RESERVED_TAGS.has(tag)) throw new PointFault('reserved', `InfluxDB keeps the tag ${tag} for itself`);
    text += `,${TAGS.write(tag)}=${VALUES.write(value)}`;
  }
  return text;
}

const RESERVED_TAGS: ReadonlySet<string> = new Set(['time', '_measurement', '_field']);

function fieldKeyText(key: string): string {
  // InfluxDB 1.x takes such a field and does not store it.
  if (key === 'time') throw new PointFault('reserved', 'InfluxDB keeps the field time for itself');
  return FIELDS.write(key);
}

function valueText(key: string, value: number | string, isInteger: boolean): string {
  if (typeof value === 'string') return quoted(key, value);
  if (!Number.isFinite(value)) throw new PointFault('not_finite', `the field ${shown(key)} is ${value}`);
  if (!isInteger) return Object.is(value, -0) ? '-0' : String(value);
  if (!Number.isInteger(value)) throw new PointFault('invalid', `the count ${shown(key)} is not whole: ${value}`);
  if (value < -INT64_END || value >= INT64_END)
    throw new PointFault('out_of_range', `the count ${shown(key)} is beyond 64 bits: ${value}`);
  return integerText(value);
}

/** Between quotes a line holds everything, line breaks too. */
function quoted(key: string, text: string): string {
  if (UNPAIRED.test(text)) throw new PointFault('invalid', `the text ${shown(key)} is not Unicode`);
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Half of a surrogate pair has no form in UTF-8. */
const UNPAIRED = /\p{Surrogate}/u;
