/** What a weft under bench says of itself: an output of it that writes that to its folder, and what is read there. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As outputs/file writes it, with the fields that benches read; counts are those since the one before. */
export interface OwnMetric {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number>>;
  /** UTC, ISO 8601. */
  readonly time: string;
}

/** Options of an instance of outputs.file. */
export function ownMetricsOutput(folder: string): object {
  return { path: fileIn(folder), namepass: ['weft_*'], flush_interval: '1s' };
}

/** The oldest first; up to a few seconds are not written yet. */
export async function readOwnMetrics(folder: string, name: string): Promise<OwnMetric[]> {
  const text = await readFile(fileIn(folder), 'utf8');
  // The last line may be half written.
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  return lines.map((line) => JSON.parse(line) as OwnMetric).filter((metric) => metric.name === name);
}

function fileIn(folder: string): string {
  return join(folder, 'own.json');
}
