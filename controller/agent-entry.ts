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
  /** Last registration or heartbeat, UTC, ms. */
  readonly lastSeenMs: number;
}

/** `active`: heard of lately. `stale`: not for a while; still on the lists, so that its silence is seen. */
export type AgentState = 'active' | 'stale';

/** Whether two entries look the same to everybody else: only then no list changes. */
export function sameMember(a: AgentEntry, b: AgentEntry): boolean {
  return JSON.stringify([a.labels, a.endpoints]) === JSON.stringify([b.labels, b.endpoints]);
}
