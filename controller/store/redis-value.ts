/**
 * How an agent stands in Redis. Key `PREFIXagent:ID`, with an expiry; value: when it was last seen (UTC, ms), the hash of
 * its key or `-`, and the rest of the entry as JSON, with spaces between. The first two stand apart so that scripts can
 * judge them. A deleted agent leaves a value with no JSON for a while: otherwise a controller that missed the deletion
 * would write the agent back. Changes are published on `PREFIXagents` as the id, a space and the value.
 */

import type { AgentEntry } from '../agent-entry.js';
import { toEntry } from './entry-codec.js';

export type RedisValue =
  | { readonly kind: 'entry'; readonly entry: AgentEntry }
  | { readonly kind: 'deleted'; readonly seenMs: number };

const NO_KEY = '-';
const VALUE = /^(\d{1,15}) (\S+) (.*)$/s;

/** The three parts of a value: last seen, key hash, JSON. */
export function partsOf({ id, lastSeenMs, keyHash, ...rest }: AgentEntry): readonly [string, string, string] {
  return [String(lastSeenMs), keyHash === '' ? NO_KEY : keyHash, JSON.stringify(rest)];
}

/** When the agent was last seen as a value tells, UTC ms; undefined when it is no such value. */
export function seenMsOf(value: string): number | undefined {
  const text = VALUE.exec(value)?.[1];
  return text === undefined ? undefined : Number(text);
}

export function isDeleted(value: string): boolean {
  return value.endsWith(' ');
}

/** Undefined when the value was not written by a weft that this one knows. */
export function parseValue(id: string, value: string): RedisValue | undefined {
  const [, seen, keyHash, json] = VALUE.exec(value) ?? [];
  if (seen === undefined || json === undefined) return undefined;
  const lastSeenMs = Number(seen);
  if (isDeleted(value)) return { kind: 'deleted', seenMs: lastSeenMs };
  const entry = toEntry({ ...parseObject(json), id, keyHash: keyHash === NO_KEY ? '' : keyHash, lastSeenMs });
  return entry === undefined ? undefined : { kind: 'entry', entry };
}

function parseObject(json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
