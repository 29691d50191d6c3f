/** A metric as the fields that stand in Redis, or why there are none. What is written is what was measured: nothing is bent. */

import type { Field, Metric } from '../../../core/metric.js';
import { type ValueVisitor, visitValues } from '../../common/line-protocol.js';
import { MetricFault } from './fault.js';
import { type FieldNames, fieldNames, jsonOf, shown } from './field-names.js';
import { isPairMetric, latestKey } from './keys.js';

export interface MetricRecord {
  /** In the batch. */
  readonly index: number;
  readonly metric: Metric;
  readonly key: string;
  /** Of a pair's window; undefined for every other metric. */
  readonly transport: string | undefined;
  /** UTC, ns, of the end of its window. */
  readonly timeNs: string;
  /** `time_ns` comes first. */
  readonly names: FieldNames;
  /** Figures are numbers. */
  readonly values: readonly (string | number)[];
  /** The same as a JSON array of texts. */
  readonly valuesJson: string;
}

export interface RecordOptions {
  readonly prefix: string;
  readonly windowMs: number;
}

const NS_PER_MS = 1_000_000n;
const MAX_TIME_NS = 2n ** 63n - 1n;
const MIN_TIME_NS = -(2n ** 63n);

/** Throws MetricFault. */
export function recordOf(metric: Metric, index: number, { prefix, windowMs }: RecordOptions): MetricRecord {
  if (metric.timeNs < MIN_TIME_NS || metric.timeNs > MAX_TIME_NS)
    throw new MetricFault('out_of_range', `the time ${metric.timeNs} ns is beyond 64 bits`);
  const isPair = isPairMetric(metric);
  const timeNs = String(metric.timeNs);
  const names = ['time_ns'];
  const values: (string | number)[] = [timeNs];
  const push: ValueVisitor = (name, value) => {
    names.push(name);
    values.push(value);
  };
  if (isPair) {
    const startNs = metric.timeNs - BigInt(Math.round(windowMs)) * NS_PER_MS;
    names.push('window_start_ns', 'window_ms');
    values.push(String(startNs), String(windowMs));
  } else push('name', metric.name, false);
  for (const tag in metric.tags) {
    const value = metric.tags[tag] ?? '';
    if (value !== '') push(tag, value, false);
  }
  for (const name in metric.fields) {
    const field = metric.fields[name];
    if (field !== undefined) visitValues(name, field, push);
  }
  const loss = isPair ? lossOf(metric) : undefined;
  if (loss !== undefined) push('loss', loss, false);
  return {
    index,
    metric,
    key: latestKey(prefix, metric),
    transport: isPair ? metric.tags.transport : undefined,
    timeNs,
    names: fieldNames(names),
    values,
    valuesJson: jsonOf(textsOf(names, values)),
  };
}

function lossOf({ fields }: Metric): number | undefined {
  const [success, timeout, invalid] = [numberOf(fields.success), numberOf(fields.timeout), numberOf(fields.invalid)];
  if (success === undefined || timeout === undefined) return undefined;
  const judged = success + timeout + (invalid ?? 0);
  return judged > 0 ? timeout / judged : undefined;
}

function numberOf(field: Field | undefined): number | undefined {
  return field?.kind === 'count' || field?.kind === 'gauge' ? field.value : undefined;
}

function textsOf(names: readonly string[], values: readonly (string | number)[]): string[] {
  return values.map((value, i) => (typeof value === 'number' ? numberText(names[i] ?? '', value) : value));
}

/** As long as it is whole, without an exponent: 2^63 is 9223372036854775808. */
function numberText(name: string, value: number): string {
  if (!Number.isFinite(value)) throw new MetricFault('not_finite', `the field ${shown(name)} is ${value}`);
  if (Object.is(value, -0)) return '-0';
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(BigInt(value)) : String(value);
}
