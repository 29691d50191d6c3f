/**
 * The promises of core/metric.ts, checked where metrics enter the pipeline: one input's mistake must not reach every
 * output, where it would fail batch after batch.
 */

import { Distribution } from '../distribution.js';
import type { Metric } from '../metric.js';

/** What is wrong with a metric that a plugin made; undefined when nothing is. None has to have fields: isEndOfSeries. */
export function metricFault(metric: Metric): string | undefined {
  if (typeof metric !== 'object' || metric === null) return `a metric is an object, not ${typeof metric}`;
  const { name, tags, fields, timeNs } = metric;
  if (typeof name !== 'string' || name === '') return 'a metric needs a name';
  if (typeof timeNs !== 'bigint') return `metric ${name}: timeNs is a bigint, not ${typeof timeNs}`;
  if (!isRecord(tags) || !isRecord(fields)) return `metric ${name}: tags and fields are objects`;
  for (const tag in tags) {
    if (typeof tags[tag] !== 'string') return `metric ${name}: tag ${tag} is a string, not ${typeof tags[tag]}`;
  }
  for (const key in fields) {
    const field = fields[key];
    if (field === undefined || !isSound(field)) return `metric ${name}: field ${key} has no valid kind and value`;
  }
  return undefined;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isSound(field: Metric['fields'][string]): boolean {
  switch (field.kind) {
    case 'gauge':
    case 'count':
      return Number.isFinite(field.value);
    case 'distribution':
      return field.value instanceof Distribution;
    case 'text':
      return typeof field.value === 'string';
    default:
      return false;
  }
}
