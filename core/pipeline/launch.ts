/** How plugins are made and started, and what follows when that fails. */

import type { Clock } from '../clock.js';
import { StartupError, WeftError } from '../errors.js';
import { type Calls, isA, type Outcome, PENDING, within } from './calls.js';

/** A start or connect that takes longer has failed. */
export const START_TIMEOUT_MS = 30_000;
/** How long one that was told to give up may take to do so. */
const ABORT_GRACE_MS = 1000;

/** Something the agent starts once and stops once. */
export interface Runnable<Self> {
  readonly name: string;
  /**
   * Resolves to false if it did not start and is to be ignored; what is tried again later counts as started. Throws when
   * the failure is the agent's.
   */
  start(): Promise<boolean>;
  /** Takes at most `timeoutMs`. Legal at any time, and twice. Never rejects. */
  stop(timeoutMs: number): Promise<void>;
  /** A successor with a plugin of the same configuration and with these counters and buffers. Throws ConfigError. */
  revive(): Self;
}

/** Calls a definition's `create`; a plugin in JavaScript may return anything. Throws what `create` throws. */
export function made<T extends object>(kind: string, name: string, plugin: T): T {
  if (typeof plugin === 'object' && plugin !== null) return plugin;
  throw new WeftError('WEFT_PLUGIN_LOAD', `${kind} ${name}: create has to return an object, not ${typeof plugin}`);
}

/** Whether a plugin has an optional method. A getter that throws counts as one: calling it will show. */
export function has<T extends object>(plugin: T, method: keyof T): boolean {
  try {
    return plugin[method] !== undefined;
  } catch {
    return true;
  }
}

/** Runs a start or connect, at most 30 s and until `stop` aborts. Being late is a failure that may be tried again. */
export async function launch(
  calls: Calls,
  clock: Clock,
  stop: AbortSignal,
  call: (signal: AbortSignal) => unknown,
): Promise<Outcome<unknown>> {
  let late = false;
  const pending = calls.run(call, START_TIMEOUT_MS, () => {
    late = true;
  });
  const outcome = await within(clock, pending, START_TIMEOUT_MS + ABORT_GRACE_MS, stop);
  if (stop.aborted) return { ok: false, error: new StartupError('stopped while it started', { retryable: false }) };
  if (!late && outcome !== PENDING) return outcome;
  return { ok: false, error: new StartupError(`not started after ${START_TIMEOUT_MS} ms`, { retryable: true }) };
}

/** What the agent does about a plugin that did not start. */
export function startupPolicy(error: unknown, behavior: 'error' | 'retry' | 'ignore'): 'fail' | 'retry' | 'ignore' {
  if (behavior === 'error') return 'fail';
  if (behavior === 'ignore') return 'ignore';
  return isA(StartupError, error) && !error.retryable ? 'fail' : 'retry';
}
