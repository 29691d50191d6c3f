/**
 * Where the registry keeps its entries. The registry (controller/registry.ts) holds every entry in memory and answers
 * from there; a store makes them survive, and tells of those that other controllers took. The registry decides when an
 * agent is forgotten, by the time it has listened in vain.
 */

import type { AgentEntry } from '../agent-entry.js';

export interface HeldEntry {
  readonly entry: AgentEntry;
  /** How long the registry has listened for the agent in vain. */
  readonly ageMs: number;
}

/** The registry, as its store sees it. */
export interface StoreListener {
  /**
   * An entry that the store has, written by this controller or another `ageMs` ago by the store's own clock (0 where it
   * has none); it replaces the one of its id unless that was seen later.
   */
  onPut(entry: AgentEntry, ageMs: number): void;
  /** An entry was removed by a controller; one that was seen later than `seenMs` (UTC) stays. */
  onDelete(id: string, seenMs: number): void;
  /** The store cannot be reached, or can again: then everything it has was handed over before. */
  onAvailable(available: boolean, error?: Error): void;
  get(id: string): HeldEntry | undefined;
  /** What is held, so that a store that has forgotten it gets it back. */
  held(): Iterable<HeldEntry>;
}

/** Order of calls: open, then the others any number of times and concurrently, then close. */
export interface RegistryStore {
  /** Hands over every entry there is through `onPut`, then goes on telling of changes. May throw StartupError. */
  open(listener: StoreListener): Promise<void>;
  /**
   * Resolves with the entry as kept (its `lastSeenMs` may have been raised) when it is safe: what was acknowledged to an
   * agent is there after kill -9 of this process, and comes back by itself when a store that forgets (a Redis without
   * persistence) was restarted. Of two that claim an id at once with different keys one gets RegistryError `not_yours`.
   * Rejects with any other error when the entry is not safe.
   */
  put(entry: AgentEntry): Promise<AgentEntry>;
  /** Removes an entry on every controller. Rejects when that is not safe. */
  delete(entry: AgentEntry): Promise<void>;
  /** The registry gave up on an entry: keeping it is no longer asked for. */
  forget(id: string): void;
  /** Legal without open, and twice. */
  close(): Promise<void>;
}
