/** Values on the command line: what is accepted, and what is said when it is not. */

import { InvalidArgumentError } from 'commander';
import { formatDuration, parseDuration } from '../core/config/durations.js';

/** Accepts `250ms`, `10s`, `1m30s`; gives milliseconds. */
export function durationArgument(atLeastMs: number): (text: string) => number {
  return (text) => {
    try {
      const ms = parseDuration(text);
      if (ms >= atLeastMs) return ms;
    } catch {
      // Said below, in the words of a command line.
    }
    throw new InvalidArgumentError(
      `Expected a duration such as 250ms or 1m30s, at least ${formatDuration(atLeastMs)}.`,
    );
  };
}

/** Accepts a whole number within the inclusive bounds. */
export function integerArgument(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${minimum} to ${maximum}.`);
  };
}

/** For options that may be given several times, or once with commas: `--input udp,pinglist`. */
export function listArgument(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, ...text.split(',').filter((item) => item !== '')];
}
