/**
 * Waits of tests. Each says what it waits for and ends: when that does not come, the test fails with its name and what was
 * seen last, and not minutes later by the runner's limit, which tells neither.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Generous: nothing that a test waits for takes this long, however busy the machine is. */
export const WAIT_LIMIT_MS = 120_000;
const POLL_MS = 20;
const MAX_SEEN_CHARS = 4000;
const LATE = Symbol('late');

/** A process that something is expected of. */
export interface Mortal {
  /** How it ended, with what it said; undefined while it runs. */
  readonly end: string | undefined;
}

interface LimitOptions {
  /** What a failure tells of how things stand. */
  readonly seen?: () => unknown;
  readonly limitMs?: number;
}

export interface WaitOptions extends LimitOptions {
  /** Who has to run for it to come: the wait fails at once when one of them has ended. */
  readonly needs?: readonly Mortal[];
  /** Between two looks; by default some ms pass. */
  readonly turn?: () => unknown;
}

/**
 * What `look` gives, as soon as it is something: not undefined, null or false. Rejects with what `look` throws; a failure tells
 * what it gave last, unless there is `seen`.
 */
export async function waitFor<T>(
  what: string,
  look: () => T | Promise<T>,
  { needs = [], turn = () => sleep(POLL_MS), limitMs, ...options }: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  let last: unknown;
  let isOver = false;
  const looking = async (): Promise<T> => {
    for (;;) {
      // Asked before the look: what it did until then counts.
      const end = needs.find((process) => process.end !== undefined)?.end;
      const found = await look();
      if (isOver || (found !== undefined && found !== null && found !== false)) return found;
      if (end !== undefined) throw new Error(`${what} will not come: ${end}`);
      last = found;
      await turn();
    }
  };
  try {
    const seen = options.seen ?? (() => last);
    const found = await withLimit(what, looking(), limitMs === undefined ? { seen } : { seen, limitMs });
    return found as Exclude<T, undefined | null | false>;
  } finally {
    isOver = true;
  }
}

/** Waits for a condition whose text says well enough what is waited for. */
export async function until(condition: () => boolean | Promise<boolean>, options?: WaitOptions): Promise<void> {
  await waitFor(String(condition), condition, options);
}

/** The promise, which has to settle within the limit. */
export async function withLimit<T>(
  what: string,
  promise: Promise<T>,
  { seen, limitMs = WAIT_LIMIT_MS }: LimitOptions = {},
): Promise<T> {
  const timer = new AbortController();
  const late = sleep(limitMs, LATE, { signal: timer.signal }).catch(() => LATE);
  try {
    const first = await Promise.race([promise, late]);
    if (first === LATE) throw new Error(`waited ${limitMs / 1000} s for ${what}${shown(seen)}`);
    return first as T;
  } finally {
    timer.abort();
  }
}

function shown(seen: (() => unknown) | undefined): string {
  if (seen === undefined) return '';
  const value = seen();
  const text = typeof value === 'string' ? value : inspect(value, { depth: 6, breakLength: 120 });
  return `; seen last:\n${text.length > MAX_SEEN_CHARS ? `… ${text.slice(-MAX_SEEN_CHARS)}` : text}`;
}
