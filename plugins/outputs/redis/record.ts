/** A metric as the fields that stand in Redis, or why there are none. What is written is what was measured: nothing is bent. */

import type { Metric } from '../../../core/metric.js';
import { visitValues } from '../../common/line-protocol.js';
import { MetricFault } from './fault.js';
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
  /** Name, value, name, value, … */
  readonly fields: readonly string[];
  /** The same, of what is a number. */
  readonly figures: ReadonlyMap<string, number>;
}

export interface RecordOptions {
  readonly prefix: string;
  readonly windowMs: number;
}

const NS_PER_MS = 1_000_000n;
const MAX_TIME_NS = 2n ** 63n - 1n;
const MIN_TIME_NS = -(2n ** 63n);
/** A script hands its arguments on through a stack of 8 000 values. */
const MAX_FIELDS = 3500;
const MAX_SHOWN_CHARS = 60;

/** Throws MetricFault. */
export function recordOf(metric: Metric, index: number, { prefix, windowMs }: RecordOptions): MetricRecord {
  if (metric.timeNs < MIN_TIME_NS || metric.timeNs > MAX_TIME_NS)
    throw new MetricFault('out_of_range', `the time ${metric.timeNs} ns is beyond 64 bits`);
  const isPair = isPairMetric(metric);
  const timeNs = String(metric.timeNs);
  const fields = new Fields();
  fields.add('time_ns', timeNs);
  if (isPair) {
    fields.add('window_start_ns', String(metric.timeNs - BigInt(Math.round(windowMs)) * NS_PER_MS));
    fields.add('window_ms', String(windowMs));
  } else fields.add('name', metric.name);
  for (const tag in metric.tags) {
    const value = metric.tags[tag] ?? '';
    if (value !== '') fields.add(tag, value);
  }
  const figures = figuresOf(metric, fields);
  const loss = isPair ? lossOf(figures) : undefined;
  if (loss !== undefined) {
    fields.add('loss', String(loss));
    figures.set('loss', loss);
  }
  const key = latestKey(prefix, metric);
  return {
    index,
    metric,
    key,
    transport: isPair ? metric.tags.transport : undefined,
    timeNs,
    fields: fields.finished(),
    figures,
  };
}

function figuresOf({ fields: measured }: Metric, fields: Fields): Map<string, number> {
  const figures = new Map<string, number>();
  for (const key in measured) {
    const field = measured[key];
    if (field === undefined) continue;
    visitValues(key, field, (name, value) => {
      if (typeof value === 'number') figures.set(name, value);
      fields.add(name, typeof value === 'number' ? numberText(name, value) : value);
    });
  }
  return figures;
}

function lossOf(figures: ReadonlyMap<string, number>): number | undefined {
  const [success, timeout, invalid] = ['success', 'timeout', 'invalid'].map((name) => figures.get(name));
  if (success === undefined || timeout === undefined) return undefined;
  const judged = success + timeout + (invalid ?? 0);
  return judged > 0 ? timeout / judged : undefined;
}

/** As long as it is whole, without an exponent: 2^63 is 9223372036854775808. */
function numberText(name: string, value: number): string {
  if (!Number.isFinite(value)) throw new MetricFault('not_finite', `the field ${shown(name)} is ${value}`);
  if (Object.is(value, -0)) return '-0';
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(BigInt(value)) : String(value);
}

class Fields {
  readonly #values = new Map<string, string>();

  add(name: string, value: string): void {
    if (name === '') throw new MetricFault('invalid', 'a tag or field has no name');
    if (this.#values.has(name))
      throw new MetricFault('invalid', `two tags or fields would have the name ${shown(name)}`);
    this.#values.set(name, value);
  }

  finished(): readonly string[] {
    if (this.#values.size > MAX_FIELDS)
      throw new MetricFault(
        'too_large',
        `it has ${this.#values.size} tags and figures; at most ${MAX_FIELDS} are held`,
      );
    const all = [...this.#values].flat();
    const unpaired = all.find((text) => UNPAIRED.test(text));
    if (unpaired !== undefined) throw new MetricFault('invalid', `${shown(unpaired)} is not Unicode`);
    return all;
  }
}

/** Half of a surrogate pair has no form in UTF-8. */
const UNPAIRED = /\p{Surrogate}/u;

/** For a log. */
export function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text);
}
