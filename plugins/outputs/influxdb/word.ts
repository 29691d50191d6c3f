/** Names, tags and field keys as they stand in a line: what has a meaning there is escaped, what cannot be is refused. */

import { PointFault } from './fault.js';

/**
 * Control characters end a line, or a word of it, somewhere; a backslash at the end, or before what is escaped, cannot be told
 * from the one that escapes; in some places InfluxDB drops one before a quote. Elsewhere it stands for itself.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNWRITABLE = /[\x00-\x1f\p{Surrogate}]|\\(?=[,= "]|$)/u;
const FOUND =
  'a control character, half of a surrogate pair, or a backslash before a comma, equals sign, space, quote or its end';

/** A name, a field key, … of metrics: most words come again with every metric, and judging one takes longer than finding it. */
export class Words {
  readonly #what: string;
  readonly #special: RegExp;
  /** What was judged to be fine, and how it is written. */
  #known = new Map<string, string>();

  /** `special`: what is escaped; with the flag g. */
  constructor(what: string, special: RegExp) {
    this.#what = what;
    this.#special = special;
  }

  /** Throws PointFault. */
  write(text: string): string {
    return this.#known.get(text) ?? this.#judge(text);
  }

  #judge(text: string): string {
    if (text === '') throw new PointFault('invalid', `a ${this.#what} is empty`);
    if (UNWRITABLE.test(text)) throw new PointFault('invalid', `the ${this.#what} ${shown(text)} has ${FOUND}`);
    const written = text.replace(this.#special, '\\$&');
    if (text.length <= MAX_KNOWN_CHARS) this.#remember(text, written);
    return written;
  }

  #remember(text: string, written: string): void {
    if (this.#known.size >= MAX_KNOWN) this.#known = new Map();
    this.#known.set(text, written);
  }
}

/** 20 000 targets have as many names; longer words are rare. */
const MAX_KNOWN = 50_000;
const MAX_KNOWN_CHARS = 64;

const MAX_SHOWN_CHARS = 60;

/** For a log. */
export function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text);
}
