/** Values on the command line: what is accepted, and what is said when it is not. */

import { InvalidArgumentError, Option } from 'commander';
import { formatDuration, parseDuration } from '../core/config/durations.js';

/** Accepts `250ms`, `10s`, `1m30s` within the inclusive bounds; gives milliseconds. */
export function durationArgument(atLeastMs: number, atMostMs = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    try {
      const ms = parseDuration(text);
      if (ms >= atLeastMs && ms <= atMostMs) return ms;
    } catch {
      // Said below, in the words of a command line.
    }
    const atMost = Number.isFinite(atMostMs) ? ` and at most ${formatDuration(atMostMs)}` : '';
    throw new InvalidArgumentError(
      `Expected a duration such as 250ms or 1m30s, at least ${formatDuration(atLeastMs)}${atMost}.`,
    );
  };
}

/** An option that takes a duration; the help shows its default as it is written here. */
export function durationOption(
  flags: string,
  description: string,
  byDefault: string,
  atLeastMs: number,
  atMostMs?: number,
): Option {
  const parse = durationArgument(atLeastMs, atMostMs);
  return new Option(flags, description).argParser(parse).default(parse(byDefault), byDefault);
}

/** Accepts a whole number within the inclusive bounds. */
export function integerArgument(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${minimum} to ${maximum}.`);
  };
}

/** As `integerArgument`, and hexadecimal after 0x, as RDMA's tools print them. */
export function numberArgument(minimum: number, maximum: number): (text: string) => number {
  const decimal = integerArgument(minimum, maximum);
  return (text) => decimal(/^0x[0-9a-f]{1,8}$/i.test(text) ? String(Number(text)) : text);
}

/** For options that may be given several times, or once with commas: `--input udp,pinglist`. */
export function listArgument(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, ...text.split(',').filter((item) => item !== '')];
}

/** Accepts some of `choices`, with commas between them: `udp,tcp`; gives them in the order of `choices`. */
export function choicesArgument<T extends string>(choices: readonly T[]): (text: string) => readonly T[] {
  return (text) => {
    const names = text.split(',');
    const chosen = choices.filter((choice) => names.includes(choice));
    if (chosen.length === names.length) return chosen;
    throw new InvalidArgumentError(`Expected some of ${choices.join(', ')}, with commas between them.`);
  };
}

/** Accepts what matches; `expected` says in words what that is. */
export function patternArgument(pattern: string, expected: string): (text: string) => string {
  const form = new RegExp(pattern);
  return (text) => {
    if (form.test(text)) return text;
    throw new InvalidArgumentError(`Expected ${expected}.`);
  };
}

/** The end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
