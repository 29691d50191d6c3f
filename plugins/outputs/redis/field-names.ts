/** Names of the fields of a metric. Most metrics have the same, so they are checked and written down once. */

import { MetricFault } from './fault.js';

export interface FieldNames {
  readonly list: readonly string[];
  /** A JSON array. */
  readonly json: string;
}

/** A script hands its arguments on through a stack of 8 000 values. */
const MAX_FIELDS = 3500;
const MAX_SHOWN_CHARS = 60;
/** Names may come from elsewhere. */
const MAX_KNOWN = 100;

const known = new Map<string, FieldNames>();
let last: FieldNames = { list: [], json: '[]' };

/** The same object for the same names. Throws MetricFault on names that a hash cannot have. */
export function fieldNames(list: readonly string[]): FieldNames {
  if (isSame(list, last.list)) return last;
  const key = list.join('\0');
  const found = known.get(key);
  // Names may have such a character in them.
  last = found !== undefined && isSame(list, found.list) ? found : remember(key, list);
  return last;
}

/** For a log. */
export function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text);
}

/** An array of texts. Throws MetricFault on half of a surrogate pair, which has no form in UTF-8. */
export function jsonOf(texts: readonly string[]): string {
  const json = JSON.stringify(texts);
  if (ESCAPED_SURROGATE.test(json)) {
    const unpaired = texts.find((text) => UNPAIRED.test(text));
    if (unpaired !== undefined) throw new MetricFault('invalid', `${shown(unpaired)} is not Unicode`);
  }
  return json;
}

/** JSON escapes it so; a text with a backslash before `ud` looks alike. */
const ESCAPED_SURROGATE = /\\ud/;
const UNPAIRED = /\p{Surrogate}/u;

function remember(key: string, list: readonly string[]): FieldNames {
  check(list);
  const names = { list, json: jsonOf(list) };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, names);
  return names;
}

function check(list: readonly string[]): void {
  if (list.length > MAX_FIELDS)
    throw new MetricFault('too_large', `it has ${list.length} tags and figures; at most ${MAX_FIELDS} are held`);
  const names = new Set<string>();
  for (const name of list) {
    if (name === '') throw new MetricFault('invalid', 'a tag or field has no name');
    if (names.has(name)) throw new MetricFault('invalid', `two tags or fields would have the name ${shown(name)}`);
    names.add(name);
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
