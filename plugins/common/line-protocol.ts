/**
 * InfluxDB line protocol: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/. Counts of things are
 * integers, counts of seconds and gauges floats, since InfluxDB refuses a field that changes its type. A distribution is
 * flattened to its figures in ns: a line has no place for a histogram.
 */

import type { Distribution } from '../../core/distribution.js';
import type { Field, Metric } from '../../core/metric.js';
import { type QuantileName, quantilesNs } from './quantiles.js';

/** Told of one value of a line: a text, an integer, or a float. */
export type ValueVisitor = (key: string, value: number | string, isInteger: boolean) => void;

/** What a field is in a line, key by key: one value, or the figures of a distribution. */
export function visitValues(key: string, field: Field, visit: ValueVisitor): void {
  if (field.kind === 'distribution') visitFigures(key, field.value, visit);
  else visit(key, field.value, field.kind === 'count' && !FRACTIONAL.has(field.unit));
}

/** Units whose counts are not whole. */
const FRACTIONAL: ReadonlySet<string> = new Set(['ms', 's', 'ratio']);

function visitFigures(key: string, distribution: Distribution, visit: ValueVisitor): void {
  const names = figureNames(key);
  for (const [name, ns] of quantilesNs(distribution)) visit(names[name], ns, true);
  if (distribution.count > 0) {
    visit(names.min, distribution.minNs, true);
    visit(names.max, distribution.maxNs, true);
    visit(names.mean, Math.round(distribution.meanNs), true);
  }
  visit(names.count, distribution.count, true);
}

type FigureNames = Readonly<Record<QuantileName | 'min' | 'max' | 'mean' | 'count', string>>;
/** By field: windows are many, their fields few. */
const namesOf = new Map<string, FigureNames>();
/** Names may come from elsewhere. */
const MAX_NAMES = 1000;

function figureNames(key: string): FigureNames {
  const known = namesOf.get(key);
  if (known !== undefined) return known;
  const quantiles = { p50: `${key}_p50`, p90: `${key}_p90`, p95: `${key}_p95`, p99: `${key}_p99`, p999: `${key}_p999` };
  const names = { ...quantiles, min: `${key}_min`, max: `${key}_max`, mean: `${key}_mean`, count: `${key}_count` };
  if (namesOf.size === MAX_NAMES) namesOf.clear();
  namesOf.set(key, names);
  return names;
}

/**
 * One line without its end; undefined when nothing of the metric can be written (no field, or only NaN). What a line cannot
 * hold is left out or written in its likeness: for files. outputs/influxdb refuses such metrics.
 */
export function lineProtocol(metric: Metric): string | undefined {
  const fields: string[] = [];
  const append: ValueVisitor = (key, value, isInteger) => {
    if (typeof value === 'string') fields.push(`${escapeKey(key)}="${escapeText(value)}"`);
    else if (Number.isFinite(value)) fields.push(`${escapeKey(key)}=${isInteger ? integerText(value) : value}`);
  };
  for (const key in metric.fields) {
    const field = metric.fields[key];
    if (field !== undefined && key !== '') visitValues(key, field, append);
  }
  if (fields.length === 0 || metric.name === '') return undefined;
  return `${escapeName(metric.name)}${tagSet(metric)} ${fields.join(',')} ${metric.timeNs}`;
}

/** Tags sorted by key, which InfluxDB stores fastest; without empty ones, which are illegal. */
function tagSet(metric: Metric): string {
  let text = '';
  for (const tag of Object.keys(metric.tags).sort()) {
    const value = escapeKey(metric.tags[tag] ?? '');
    if (tag !== '' && value !== '') text += `,${escapeKey(tag)}=${value}`;
  }
  return text;
}

/** A number of 10^21 and more would print with an exponent. */
export function integerText(value: number): string {
  const whole = Math.round(value);
  return `${Number.isSafeInteger(whole) ? whole : BigInt(whole)}i`;
}

/** A line cannot hold the line breaks that names and tags may; they are written as Telegraf writes them. */
function escapeBreaks(text: string): string {
  return text.replace(/[\n\r\t\f]/g, (special) => BREAKS[special] ?? '');
}
const BREAKS: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' };

function escapeName(name: string): string {
  return escapeBreaks(name.replace(/[, ]/g, '\\$&'));
}

/** For tag and field keys and tag values. A backslash at their end would escape what follows. */
function escapeKey(key: string): string {
  return escapeBreaks(key.replace(/[,= ]/g, '\\$&')).replace(/\\+$/, '');
}

function escapeText(text: string): string {
  return escapeBreaks(text.replace(/["\\]/g, '\\$&'));
}
