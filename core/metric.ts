/** What flows through the pipeline. Each *field* carries its own kind and unit; outputs translate, nobody guesses. */

import type { Distribution } from './distribution.js';

/**
 * `ns` is the unit of every duration inside weft; outputs convert (Prometheus and OTLP to seconds).
 * `1` is a pure number, a word (`probes`, `packets`) counts things of that kind.
 */
export type Unit = 'ns' | 'ms' | 's' | 'bytes' | 'ratio' | '1' | (string & {});

/** `count` is the number of events since the previous metric of the same series, not a running total. */
export type Field =
  | { readonly kind: 'gauge'; readonly value: number; readonly unit: Unit }
  | { readonly kind: 'count'; readonly value: number; readonly unit: Unit }
  | { readonly kind: 'distribution'; readonly value: Distribution; readonly unit: 'ns' }
  | { readonly kind: 'text'; readonly value: string };

export type Tags = Readonly<Record<string, string>>;
export type Fields = Readonly<Record<string, Field>>;

/**
 * Immutable: one metric is handed to every output at once. Who changes one makes a copy. An empty tag value means
 * the tag is absent; gauges and counts are finite.
 */
export interface Metric {
  readonly name: string;
  readonly tags: Tags;
  readonly fields: Fields;
  /** UTC, ns since the epoch. */
  readonly timeNs: bigint;
}

export const gauge = (value: number, unit: Unit = '1'): Field => ({ kind: 'gauge', value, unit });
export const count = (value: number, unit: Unit = '1'): Field => ({ kind: 'count', value, unit });
export const text = (value: string): Field => ({ kind: 'text', value });
export const distribution = (value: Distribution): Field => ({ kind: 'distribution', value, unit: 'ns' });

/** The series a metric belongs to: equal name and equal tags, whatever their order, give an equal key. */
export function seriesKey(metric: Pick<Metric, 'name' | 'tags'>): string {
  const parts = [metric.name];
  for (const tag of Object.keys(metric.tags).sort()) parts.push(tag, metric.tags[tag] ?? '');
  // Joined in one go: a key built up with += would be kept as a chain of its pieces, and agents keep many keys.
  return parts.join('\u0000');
}

/**
 * A metric without any field says that its series has ended (a target left the pinglist): outputs that keep state per
 * series forget it, the others ignore it. Filters let it through.
 */
export function isEndOfSeries(metric: Metric): boolean {
  for (const _ in metric.fields) return false;
  return true;
}
