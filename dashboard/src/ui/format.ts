/** Values as people read them: three digits, and the unit that suits. */

import type { Unit } from '../api/types.js';

const DURATIONS: readonly (readonly [factor: number, unit: string])[] = [
  [1, 'ns'],
  [1e3, 'µs'],
  [1e6, 'ms'],
  [1e9, 's'],
];

/** `1.23 ms`. */
export function formatDuration(ns: number): string {
  if (ns === 0) return '0';
  // 999.6 µs would be read as 1000 µs: the next unit begins half a digit earlier.
  const [factor, unit] = DURATIONS.findLast(([from]) => ns >= from * 0.9995) ?? [1, 'ns'];
  return `${threeDigits(ns / factor)} ${unit}`;
}

/** `4.2 %`. */
export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  return percent > 0 && percent < 0.01 ? '< 0.01 %' : `${threeDigits(percent)} %`;
}

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en').replaceAll(',', ' ');
}

export function formatValue(value: number, unit: Unit): string {
  if (unit === 'ns') return formatDuration(value);
  if (unit === 'ratio') return formatRatio(value);
  return `${formatCount(value)} ${unit}`;
}

/** `14:03:20`, of this place. */
export function formatTime(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

/** `40 s`, `3 min`, `2 h`, `5 days`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1e3));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return String(Number(value.toFixed(value >= 9.995 ? 1 : 2)));
}
