/**
 * InfluxDB line protocol: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/. Counts of things are
 * integers, counts of seconds and gauges floats, since InfluxDB refuses a field that changes its type. A distribution is
 * flattened to its figures in ns: a line has no place for a histogram.
 */

import type { Distribution } from '../../core/distribution.js';
import type { Field, Metric } from '../../core/metric.js';
import { quantilesNs } from './quantiles.js';

/** One line without its end; undefined when nothing of the metric can be written (no field, or only NaN). */
export function lineProtocol(metric: Metric): string | undefined {
  const fields: string[] = [];
  for (const key in metric.fields) {
    const field = metric.fields[key];
    if (field !== undefined && key !== '') appendField(fields, escapeKey(key), field);
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

function appendField(fields: string[], key: string, field: Field): void {
  if (field.kind === 'text') fields.push(`${key}="${escapeText(field.value)}"`);
  else if (field.kind === 'distribution') appendDistribution(fields, key, field.value);
  else if (!Number.isFinite(field.value)) return;
  else if (field.kind === 'gauge' || FRACTIONAL.has(field.unit)) fields.push(`${key}=${field.value}`);
  else fields.push(`${key}=${integer(field.value)}`);
}

function appendDistribution(fields: string[], key: string, distribution: Distribution): void {
  for (const [name, ns] of quantilesNs(distribution)) fields.push(`${key}_${name}=${integer(ns)}`);
  if (distribution.count > 0) {
    fields.push(`${key}_min=${integer(distribution.minNs)}`, `${key}_max=${integer(distribution.maxNs)}`);
    fields.push(`${key}_mean=${integer(distribution.meanNs)}`);
  }
  fields.push(`${key}_count=${integer(distribution.count)}`);
}

/** Units whose counts are not whole. */
const FRACTIONAL: ReadonlySet<string> = new Set(['ms', 's', 'ratio']);

/** BigInt, since a number of 10^21 and more prints with an exponent. */
function integer(value: number): string {
  return `${BigInt(Math.round(value))}i`;
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
