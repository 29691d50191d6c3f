/** Sizes as users write them (`64MiB`) and as code has them (bytes). KB is 1000 bytes, KiB is 1024. */

import { ConfigError } from '../errors.js';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['GiB', 2 ** 30],
  ['GB', 1e9],
  ['MiB', 2 ** 20],
  ['MB', 1e6],
  ['KiB', 2 ** 10],
  ['KB', 1e3],
  ['B', 1],
]);
const PRINTED_UNITS = ['GiB', 'MiB', 'KiB'];

/** Regular expression source of a size, for JSON schemas too. */
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)?(B|KB|KiB|MB|MiB|GB|GiB)$';
export const SIZE_EXPECTED = 'a size such as 1500B, 64KiB or 1GB (units B, KB, KiB, MB, MiB, GB, GiB)';

const WHOLE = new RegExp(SIZE_PATTERN);

/** `64KiB` → 65 536 bytes, a fraction of a byte is rounded. Throws ConfigError on anything else, a bare number included. */
export function parseSize(text: string): number {
  const unit = WHOLE.exec(text)?.[2];
  const factor = UNITS.get(unit ?? '');
  if (factor === undefined) throw new ConfigError(`expected ${SIZE_EXPECTED}, found ${JSON.stringify(text)}`);
  return Math.round(Number.parseFloat(text) * factor);
}

/** 65 536 → `64KiB`: the largest binary unit that divides it. */
export function formatSize(bytes: number): string {
  for (const unit of PRINTED_UNITS) {
    const factor = UNITS.get(unit) ?? 1;
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${Math.round(bytes)}B`;
}
