/** Batches in parts such that the script of one takes Redis some milliseconds: nobody else is served meanwhile. */

import type { MetricRecord } from './record.js';

const MAX_RECORDS = 100;
/** A window of a pair has some 500. */
const MAX_CHARS = 256 * 1024;

/** In order. A record that is larger than a part is one by itself. */
export function partsOf(records: readonly MetricRecord[]): MetricRecord[][] {
  const parts: MetricRecord[][] = [];
  let part: MetricRecord[] = [];
  let chars = 0;
  for (const record of records) {
    if (part.length === MAX_RECORDS || chars + record.valuesJson.length > MAX_CHARS) {
      if (part.length > 0) parts.push(part);
      [part, chars] = [[], 0];
    }
    part.push(record);
    chars += record.valuesJson.length;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
