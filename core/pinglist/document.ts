/**
 * The text of a pinglist, JSON or YAML, turned into plain data that still knows where each value stands. JSON takes the
 * fast road (20 000 targets in milliseconds); its positions are looked up only when there is a mistake to report.
 */

import { Source } from '../config/source.js';
import { type Locate, PinglistError, type Place } from './issues.js';
import { MAX_PINGLIST_BYTES } from './limits.js';

/** YAML takes over a second for 20 000 targets, during which nothing else runs; longer lists have to be JSON. */
export const MAX_YAML_BYTES = 4 * 1024 * 1024;

export interface PinglistDocument {
  readonly data: unknown;
  readonly locate: Locate;
}

/**
 * Reads `text` as JSON if `file` ends in `.json`; otherwise as JSON if it is some and as YAML if not. References to the
 * environment (`${…}`) are no part of a pinglist. Throws PinglistError.
 */
export function readDocument(text: string, file: string): PinglistDocument {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PINGLIST_BYTES) refuse(file, `${bytes} bytes, the limit is ${MAX_PINGLIST_BYTES}`);
  const mustBeJson = file.endsWith('.json');
  if (mustBeJson || /^\s*\{/.test(text)) {
    const { data, error } = tryJson(text);
    if (error === undefined) return { data, locate: locateInJson(text, file) };
    if (mustBeJson) refuse(file, `not JSON: ${error.message}`, placeOf(error, text, file));
  }
  if (bytes > MAX_YAML_BYTES) {
    refuse(file, `${bytes} bytes of YAML, the limit is ${MAX_YAML_BYTES}; write a list of this length as JSON`);
  }
  const source = new Source(file, text, {});
  if (source.issues.length > 0) throw new PinglistError(file, source.issues, source.issues.length);
  return { data: source.value, locate: (path, at) => source.position(path, at) };
}

/** The error of a list that is refused as a whole. */
function refuse(file: string, message: string, place: Place = { line: 1, column: 1 }): never {
  const { line, column } = place;
  throw new PinglistError(file, [{ file, line, column, path: '', message }], 1);
}

function tryJson(text: string): { readonly data?: unknown; readonly error?: SyntaxError } {
  try {
    return { data: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return { error };
    throw error;
  }
}

/** V8 says `… at position 17`, or nothing when the text ended too early, or quotes a short text as a whole. */
function placeOf(error: SyntaxError, text: string, file: string): Place | undefined {
  const position = /position (\d+)/.exec(error.message)?.[1];
  if (position === undefined && !/end of JSON/.test(error.message)) return new Source(file, text, {}).issues[0];
  const before = text.slice(0, position === undefined ? text.length : Number(position)).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

/** JSON is YAML, so the YAML parser finds its values; only on the first mistake, and not in a text that takes it seconds. */
function locateInJson(text: string, file: string): Locate {
  if (text.length > MAX_YAML_BYTES) return () => ({ line: 1, column: 1 });
  let source: Source | undefined;
  return (path, at) => {
    source ??= new Source(file, text, {});
    return source.position(path, at);
  };
}
