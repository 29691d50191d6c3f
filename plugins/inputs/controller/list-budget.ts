/**
 * A look at the bytes of a pinglist before they are parsed. 64 MiB of JSON can become gigabytes of objects, and one long
 * key minutes of searching for the nearest valid one; no valid list is like that, and a hostile one ends here, for the
 * price of one pass over its bytes.
 */

import { MAX_TARGETS } from '../../../core/pinglist/limits.js';

/** A target is a map with two more in it: `labels` and `http`. */
const MAX_CONTAINERS = 3 * MAX_TARGETS + 2;
/** Members of all maps and lists: a target has some 15 options, and some labels. */
const MAX_MEMBERS = 40 * MAX_TARGETS;
/** The list of targets is a list in a map; what else is in a pinglist is smaller, or deeper by two. */
const TARGETS_DEPTH = 2;
const MAX_DEPTH = 4;
const MAX_SMALL_MEMBERS = 256;
const MAX_STRING_BYTES = 4096;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/** Says what there is too much of; undefined: parsing costs no more than the largest valid list. Need not be JSON. */
export function overBudget(bytes: Uint8Array): string | undefined {
  const members = new Uint32Array(MAX_DEPTH + 1);
  let depth = 0;
  let containers = 0;
  let total = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      if (end === undefined) return `a text of more than ${MAX_STRING_BYTES} bytes`;
      at = end;
    } else if (byte === OPEN_MAP || byte === OPEN_LIST) {
      if (++depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`;
      if (++containers > MAX_CONTAINERS) return `more maps and lists than ${MAX_TARGETS} targets have`;
      members[depth] = 0;
    } else if (byte === CLOSE_MAP || byte === CLOSE_LIST) {
      depth = Math.max(0, depth - 1);
    } else if (byte === COMMA) {
      const inside = (members[depth] ?? 0) + 1;
      members[depth] = inside;
      if (++total > MAX_MEMBERS) return `more values than ${MAX_TARGETS} targets have`;
      if (depth !== TARGETS_DEPTH && inside >= MAX_SMALL_MEMBERS)
        return `a map of more than ${MAX_SMALL_MEMBERS} values`;
    }
  }
  return undefined;
}

/** Index of the closing quote, or of the last byte; undefined when the text is too long. */
function endOfString(bytes: Uint8Array, start: number): number | undefined {
  const limit = Math.min(bytes.length, start + MAX_STRING_BYTES + 2);
  for (let at = start + 1; at < limit; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at++;
  }
  return limit === bytes.length ? limit - 1 : undefined;
}
