/**
 * Which points an answer refuses. Version 3 counts lines; versions 1 and 2 name one cause and how many
 * points it cost. Only where cause and number leave no doubt are they found; otherwise the batch is halved.
 */

import type { Metric } from '../../../core/metric.js';
import { visitValues } from '../../common/line-protocol.js';
import type { Point } from './batch.js';
import type { Problem } from './problem.js';

/** Undefined when it does not say which. */
export function refusedPoints({ message, lines }: Problem, points: readonly Point[]): readonly Point[] | undefined {
  if (lines.length > 0) return linesOf(lines, points, /partial write/i.test(message));
  const dropped = Number(DROPPED.exec(message)?.slice(1).find(Boolean) ?? Number.NaN);
  if (dropped === points.length) return points;
  if (!(dropped > 0 && dropped < points.length)) return undefined;
  if (/retention polic/i.test(message)) return oldest(dropped, points);
  const conflict = CONFLICT.exec(message);
  if (conflict === null) return undefined;
  const [, key = '', name = '', type = ''] = conflict;
  const found = points.filter(({ metric }) => metric.name === name && hasValue(metric, key, type));
  return found.length === dropped ? found : undefined;
}

const DROPPED = /dropped=(\d+)$|partial write: dropped (\d+) points/;
const CONFLICT = /input field "(.+)" on measurement "(.+)" is type (\w+), already exists as type \w+/;

function linesOf(
  lines: Problem['lines'],
  points: readonly Point[],
  areOthersStored: boolean,
): readonly Point[] | undefined {
  const numbers = new Set(lines.map(({ line }) => line));
  const found = points.filter((_, place) => numbers.has(place + 1));
  const isClear = found.length === numbers.size && (areOthersStored || found.length === points.length);
  return isClear ? found : undefined;
}

/** Undefined when the one after them is as old. */
function oldest(count: number, points: readonly Point[]): readonly Point[] | undefined {
  const sorted = [...points].sort((a, b) => byTime(a.metric, b.metric));
  const isClear = (sorted[count - 1]?.metric.timeNs ?? 0n) < (sorted[count]?.metric.timeNs ?? 0n);
  return isClear ? sorted.slice(0, count) : undefined;
}

function byTime(a: Metric, b: Metric): number {
  return a.timeNs < b.timeNs ? -1 : Number(a.timeNs > b.timeNs);
}

function hasValue({ fields }: Metric, key: string, type: string): boolean {
  let isFound = false;
  for (const name in fields) {
    const field = fields[name];
    if (field === undefined) continue;
    visitValues(name, field, (found, value, isInteger) => {
      isFound ||= found === key && type === (typeof value === 'string' ? 'string' : isInteger ? 'integer' : 'float');
    });
  }
  return isFound;
}
