/** Values of parsed JSON that are not trusted. What is wrong throws a RowError with the place below where it is read. */

import { describeValue } from '../../../core/config/describe.js';
import { RowError } from './row.js';

export type JsonMap = Readonly<Record<string, unknown>>;

/** An object without any key but `known` ones. */
export function mapOf(value: unknown, known: ReadonlySet<string>, path = ''): JsonMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw expected('an object', value, path);
  for (const key in value) {
    if (!known.has(key))
      throw new RowError(path, `expected ${[...known].join(', ')}; found the key ${describeValue(key)}`);
  }
  return value as JsonMap;
}

/** An array of at most `max` values; an absent one is empty. */
export function listOf(value: unknown, max: number, path: string): readonly unknown[] {
  if (value === undefined) return NONE;
  if (!Array.isArray(value)) throw expected('an array', value, path);
  if (value.length > max) throw new RowError(path, `expected ${max} at most, found ${value.length}`);
  return value;
}

const NONE: readonly unknown[] = [];

/** A text of 1 to `maxChars` characters. */
export function textOf(value: unknown, maxChars: number, path: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= maxChars) return value;
  if (typeof value === 'string' && value !== '')
    throw new RowError(path, `expected ${maxChars} characters at most, found ${value.length}`);
  throw expected('a text', value, path);
}

/** A whole number from `min` to `max`. */
export function wholeOf(value: unknown, min: number, max: number, path: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw expected(`a whole number from ${min} to ${max}`, value, path);
}

export function expected(what: string, found: unknown, path: string): RowError {
  return new RowError(path, `expected ${what}, found ${found === undefined ? 'nothing' : describeValue(found)}`);
}

/** The error with its place inside what holds it; any other error as it is. */
export function within(error: unknown, place: string): unknown {
  if (!(error instanceof RowError)) return error;
  const { path, problem } = error;
  return new RowError(path === '' || path.startsWith('[') ? `${place}${path}` : `${place}.${path}`, problem);
}
