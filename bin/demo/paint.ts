/** Colours of a terminal, as far as it has them. */

import { stripVTControlCharacters } from 'node:util';

export type Style = 'title' | 'dim' | 'good' | 'fair' | 'bad';

const RESET = '\u001b[0m';
/** Foreground colours that every colour terminal has. */
const BASIC: Readonly<Record<Style, string>> = {
  title: '\u001b[1m',
  dim: '\u001b[2m',
  good: '\u001b[32m',
  fair: '\u001b[33m',
  bad: '\u001b[1;31m',
};
/** White on a coloured ground: a heat map. */
const RICH: Readonly<Record<Style, string>> = {
  ...BASIC,
  good: '\u001b[38;5;255;48;5;28m',
  fair: '\u001b[38;5;255;48;5;136m',
  bad: '\u001b[38;5;255;48;5;160m',
};
const RICH_DEPTH = 8;

export class Paint {
  readonly #codes: Readonly<Record<Style, string>> | undefined;

  /** `colorDepth` in bits, as `tty.WriteStream.getColorDepth()` says it (which knows NO_COLOR); 1 is none. */
  constructor(colorDepth: number) {
    if (colorDepth >= RICH_DEPTH) this.#codes = RICH;
    else if (colorDepth > 1) this.#codes = BASIC;
  }

  style(style: Style, text: string): string {
    return this.#codes === undefined ? text : `${this.#codes[style]}${text}${RESET}`;
  }

  /** A line that is too long loses its end, and its colours with it. */
  clip(line: string, columns: number): string {
    const plain = stripVTControlCharacters(line);
    return plain.length <= columns ? line : `${plain.slice(0, Math.max(0, columns - 1))}…`;
  }
}
