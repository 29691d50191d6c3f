/**
 * The embedded store of a single controller: everything in memory and, with `snapshot`, on disk as well, in PATH (the
 * snapshot) and PATH.journal (what changed since). A registration is acknowledged when it is synced to the disk.
 *
 * A heartbeat that changes nothing is acknowledged at once: all it would lose is when the agent was last seen, which is
 * written every ten seconds. After a start that time is only displayed: each agent has its full time to be heard again.
 */

import { copyFile } from 'node:fs/promises';
import type { Clock, Timer } from '../../core/clock.js';
import { readIfThere } from '../../core/durable-file.js';
import { describeError, StartupError } from '../../core/errors.js';
import type { Logger } from '../../core/plugin.js';
import { type AgentEntry, mayReplace, sameButSeen } from '../agent-entry.js';
import { notYours } from '../registry-error.js';
import { Journal } from './journal.js';
import type { MemoryStoreConfig } from './memory-form.js';
import { decodeRecords } from './record-lines.js';
import { entriesAfter, HEADER, isStoreRecord, type StoreRecord } from './snapshot.js';
import type { RegistryStore, StoreListener } from './store.js';

export interface MemoryStoreContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** A journal no longer than this is never compacted; 1 MiB unless told. */
  readonly minCompactBytes?: number;
}

interface Slot {
  entry: AgentEntry;
  /** Settles when the entry is safe, but for `lastSeenMs`. */
  safe: Promise<void>;
  /** The last version that is safe. */
  kept: AgentEntry | undefined;
}

const MIN_COMPACT_BYTES = 1 << 20;
const SEEN_PERIOD_MS = 10_000;
const SAFE = Promise.resolve();

export class MemoryStore implements RegistryStore {
  readonly #path: string;
  readonly #context: MemoryStoreContext;
  readonly #slots = new Map<string, Slot>();
  /** Seen since that was last written. */
  readonly #seen = new Set<string>();
  #listener: StoreListener | undefined;
  #journal: Journal | undefined;
  #timer: Timer | undefined;
  #failed = false;

  constructor(config: MemoryStoreConfig, context: MemoryStoreContext) {
    this.#path = config.snapshot;
    this.#context = context;
  }

  async open(listener: StoreListener): Promise<void> {
    this.#listener = listener;
    if (this.#path === '') return;
    try {
      await this.#load();
      this.#journal = await Journal.start({
        snapshotPath: this.#path,
        journalPath: this.#journalPath,
        snapshot: () => this.#snapshot(),
        minCompactBytes: this.#context.minCompactBytes ?? MIN_COMPACT_BYTES,
      });
    } catch (cause) {
      const message = `the registry's snapshot ${this.#path} cannot be used: its folder has to be there and writable`;
      throw new StartupError(message, { retryable: true, cause });
    }
    for (const { entry } of this.#slots.values()) listener.onPut(entry, 0);
  }

  async put(entry: AgentEntry): Promise<AgentEntry> {
    const held = this.#slots.get(entry.id);
    if (held !== undefined && !mayReplace(held.entry, entry.keyHash)) throw notYours(entry.id);
    if (held !== undefined && sameButSeen(held.entry, entry)) {
      held.entry = entry;
      this.#noteSeen(entry.id);
      await held.safe;
      return entry;
    }
    const slot = held ?? { entry, safe: SAFE, kept: undefined };
    const safe = this.#write({ put: entry });
    Object.assign(slot, { entry, safe });
    this.#slots.set(entry.id, slot);
    try {
      await safe;
      slot.kept = entry;
    } catch (error) {
      if (slot.safe === safe) this.#takeBack(slot);
      throw error;
    }
    return entry;
  }

  async delete(entry: AgentEntry): Promise<void> {
    this.#slots.delete(entry.id);
    await this.#write({ delete: entry.id });
  }

  forget(id: string): void {
    this.#slots.delete(id);
    // If this is lost the entry is forgotten once more after the next start. #write has told of the failure.
    this.#write({ delete: id }).catch(() => {});
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    if (this.#seen.size > 0) this.#writeSeen();
    await this.#journal?.close();
  }

  get #journalPath(): string {
    return `${this.#path}.journal`;
  }

  /** What is not safe was never acknowledged: an entry that stayed here, and nowhere else, would never be forgotten. */
  #takeBack(slot: Slot): void {
    if (slot.kept !== undefined) Object.assign(slot, { entry: slot.kept, safe: SAFE });
    else if (this.#slots.get(slot.entry.id) === slot) this.#slots.delete(slot.entry.id);
  }

  async #write(record: StoreRecord): Promise<void> {
    if (this.#path === '') return;
    try {
      if (this.#journal === undefined) throw new Error('the store is not open');
      await this.#journal.append(record);
    } catch (error) {
      this.#setFailed(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
    this.#setFailed(undefined);
  }

  #setFailed(error: Error | undefined): void {
    if (this.#failed === (error !== undefined)) return;
    this.#failed = error !== undefined;
    this.#listener?.onAvailable(!this.#failed, error);
  }

  #noteSeen(id: string): void {
    if (this.#path === '') return;
    this.#seen.add(id);
    this.#timer ??= this.#context.clock.after(SEEN_PERIOD_MS, () => {
      this.#timer = undefined;
      this.#writeSeen();
    });
  }

  #writeSeen(): void {
    const times = [...this.#seen].flatMap((id) => {
      const slot = this.#slots.get(id);
      return slot === undefined ? [] : [[id, slot.entry.lastSeenMs] as const];
    });
    this.#seen.clear();
    // Nobody waits for it, and #write has told of a failure.
    this.#write({ seen: Object.fromEntries(times) }).catch(() => {});
  }

  *#snapshot(): Iterable<StoreRecord> {
    yield HEADER;
    for (const { entry } of this.#slots.values()) yield { put: entry };
  }

  async #load(): Promise<void> {
    const records = [...(await this.#read(this.#path)), ...(await this.#read(this.#journalPath))];
    for (const entry of entriesAfter(records)) this.#slots.set(entry.id, { entry, safe: SAFE, kept: entry });
  }

  /** The good records of a file. A damaged file is set aside for people to look at; its good lines count all the same. */
  async #read(path: string): Promise<readonly StoreRecord[]> {
    const bytes = await readIfThere(path);
    if (bytes === undefined) return [];
    const lines = decodeRecords(bytes);
    const records = lines.records.filter(isStoreRecord);
    const damagedLines = lines.damagedLines + lines.records.length - records.length;
    if (damagedLines === 0 && lines.tornBytes === 0) return records;
    const found = { path, records: records.length, damaged_lines: damagedLines, torn_bytes: lines.tornBytes };
    // Only the journal is appended to; a snapshot is whole or was damaged.
    if (damagedLines === 0 && records.length > 0 && path === this.#journalPath)
      this.#context.log.warn(
        found,
        'the last write before a crash was cut short: it was not acknowledged and is left out',
      );
    else await this.#setAside(path, found);
    return records;
  }

  /** A copy: the file itself is replaced when the store has opened, and until then a crash must not lose its good lines. */
  async #setAside(path: string, found: object): Promise<void> {
    const aside = `${path}.corrupt-${this.#context.clock.nowNs() / 1_000_000n}`;
    const failure = await copyFile(path, aside).then(() => undefined, describeError);
    const fields = failure === undefined ? { ...found, aside } : { ...found, error: failure };
    this.#context.log.error(fields, 'a file of the registry is damaged: its good lines are used, and it is set aside');
  }
}
