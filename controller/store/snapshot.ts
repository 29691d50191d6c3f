/** The records of the memory store's two files, and the entries they stand for. */

import type { AgentEntry } from '../agent-entry.js';
import { toEntry } from './entry-codec.js';

/** First record of a snapshot. */
export const HEADER = { weft: 'registry', version: 1 } as const;

export type StoreRecord =
  | typeof HEADER
  | { readonly put: AgentEntry }
  | { readonly delete: string }
  /** Id → when it was last seen, UTC ms. */
  | { readonly seen: Readonly<Record<string, number>> };

/** Whether a value is a record of this version. */
export function isStoreRecord(value: unknown): value is StoreRecord {
  if (typeof value !== 'object' || value === null) return false;
  if ('put' in value) return toEntry(value.put) !== undefined;
  if ('delete' in value) return typeof value.delete === 'string';
  if ('seen' in value) return typeof value.seen === 'object' && value.seen !== null && allNumbers(value.seen);
  return 'weft' in value && value.weft === HEADER.weft && 'version' in value && value.version === HEADER.version;
}

/** The entries after all records, in order of their first registration. */
export function entriesAfter(records: Iterable<StoreRecord>): Iterable<AgentEntry> {
  const entries = new Map<string, AgentEntry>();
  for (const record of records) {
    if ('put' in record) entries.set(record.put.id, record.put);
    else if ('delete' in record) entries.delete(record.delete);
    else if ('seen' in record) applySeen(entries, record.seen);
  }
  return entries.values();
}

function applySeen(entries: Map<string, AgentEntry>, seen: Readonly<Record<string, number>>): void {
  for (const [id, lastSeenMs] of Object.entries(seen)) {
    const entry = entries.get(id);
    // A snapshot may be ahead of the journal that is replayed over it.
    if (entry !== undefined && entry.lastSeenMs < lastSeenMs) entries.set(id, { ...entry, lastSeenMs });
  }
}

function allNumbers(map: object): boolean {
  return Object.values(map).every((value) => typeof value === 'number');
}
