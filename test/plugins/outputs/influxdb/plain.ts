/** What is compared of metrics once they are stored. */

import type { Field, Metric } from '../../../../core/metric.js';
import { visitValues } from '../../../../plugins/common/line-protocol.js';

type Values = Readonly<Record<string, string | number | boolean | null>>;
/** A point in one form, sent or stored: name, tags, ms, values. */
export type Plain = readonly [string, Readonly<Record<string, string>>, number, Values];

export function sent({ name, tags, fields, timeNs }: Metric): Plain {
  // As entries: assigned to an object, a field named `__proto__` would be none of it.
  const values: [string, string | number][] = [];
  for (const key in fields) visitValues(key, fields[key] as Field, (found, value) => values.push([found, value]));
  const present = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
  return [name, present, Number(timeNs / 1_000_000n), Object.fromEntries(values)];
}

/** Sorted, and independent of the order of keys. */
export function canonical(points: readonly Plain[]): string[] {
  const ordered = (map: object): object => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return points.map(([name, tags, ms, values]) => JSON.stringify([name, ordered(tags), ms, ordered(values)])).sort();
}
