/** One agent in the registry. */

import type { Endpoint } from '../core/target.js';

export interface AgentEntry {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly endpoints: readonly Endpoint[];
  /** SHA-256 of the key that claimed the id, hex; '' when it was claimed without one (by a client certificate). */
  readonly keyHash: string;
  /** Version of weft the agent runs. */
  readonly weft: string;
  /** UTC, ms. */
  readonly registeredAtMs: number;
  /**
   * Last registration or heartbeat, UTC, ms. It only grows from one to the next, even when a clock steps back or another
   * controller's clock is behind: of two versions of an entry the later one is the one that counts, on every controller.
   */
  readonly lastSeenMs: number;
}

/** `active`: heard of lately. `stale`: not for a while; still on the lists, so that its silence is seen. */
export type AgentState = 'active' | 'stale';

/** Whether two entries look the same to everybody else: only then no list changes. */
export function sameMember(a: AgentEntry, b: AgentEntry): boolean {
  return JSON.stringify([a.labels, a.endpoints]) === JSON.stringify([b.labels, b.endpoints]);
}

/** Whether they differ in nothing but when the agent was last seen. */
export function sameButSeen(a: AgentEntry, b: AgentEntry): boolean {
  return (
    a.id === b.id &&
    a.keyHash === b.keyHash &&
    a.weft === b.weft &&
    a.registeredAtMs === b.registeredAtMs &&
    sameMember(a, b)
  );
}

/** Whether somebody with this key may replace the entry. Who comes without a key ('') has proved the id by a certificate. */
export function mayReplace(entry: AgentEntry, keyHash: string): boolean {
  return keyHash === '' || keyHash === entry.keyHash;
}
