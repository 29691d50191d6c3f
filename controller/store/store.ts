/**
 * Where the registry keeps its entries. The registry (controller/registry.ts) holds every entry in memory and answers
 * from there; a store makes them survive, and tells of those that other controllers took. Entries are forgotten when
 * their `lastSeenMs` is older than the registry's `forgetAfterMs`, by the store's own means where it has some.
 */

import type { AgentEntry } from '../agent-entry.js';

export interface StoreListener {
  /** An entry was written, by this controller or another; it replaces the one of its id unless that was seen later. */
  onPut(entry: AgentEntry): void;
  /** An entry was removed or has expired. */
  onDelete(id: string): void;
  /** The store cannot be reached, or can again. */
  onAvailable(available: boolean, error?: Error): void;
}

/** Order of calls: open, then put and delete any number of times and concurrently, then close. */
export interface RegistryStore {
  /** Hands over every entry there is through `onPut`, then goes on telling of changes. May throw StartupError. */
  open(listener: StoreListener): Promise<void>;
  /**
   * Resolves when the entry is safe: what was acknowledged to an agent is there after kill -9 of this process, and comes
   * back by itself when a store that forgets (a Redis without persistence) was restarted. Rejects when it is not.
   */
  put(entry: AgentEntry): Promise<void>;
  delete(id: string): Promise<void>;
  /** Legal without open, and twice. */
  close(): Promise<void>;
}
