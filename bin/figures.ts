/** Figures for people: short, and never rounded into something they are not. */

const UNITS: readonly (readonly [string, number])[] = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
];
/** From here three digits would round up to four. */
const FULL = 999.5;
const ONE_DECIMAL_BELOW = 9.95;

/** Two or three digits and a unit, at most five characters below 17 minutes: `850ns`, `1.9µs`, `12µs`, `1.2s`. */
export function formatNs(ns: number): string {
  const [unit, size] = UNITS.find(([, unitNs]) => ns / unitNs < FULL) ?? ['s', 1e9];
  const value = ns / size;
  return `${unit !== 'ns' && value < ONE_DECIMAL_BELOW ? value.toFixed(1) : Math.round(value)}${unit}`;
}

/** A share as whole percent; `0%` and `100%` are exact, a trace of loss is `<1%`. */
export function formatLoss(loss: number): string {
  if (loss === 0 || loss === 1) return `${loss * 100}%`;
  return loss < 0.01 ? '<1%' : `${Math.min(99, Math.round(loss * 100))}%`;
}

/** Three digits of a small figure, whole numbers from a thousand on: `63.9`, `2,880,000`. */
export function formatFigure(value: number): string {
  if (Math.abs(value) >= FULL) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

const BYTE_UNITS: readonly (readonly [string, number])[] = [
  ['B', 1],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
];

/** Three digits and a decimal unit: `396B`, `25.3kB`, `1.52GB`. */
export function formatBytes(bytes: number): string {
  const [unit, size] = BYTE_UNITS.find(([, unitBytes]) => bytes / unitBytes < FULL) ?? ['GB', 1e9];
  return `${formatFigure(bytes / size)}${unit}`;
}
