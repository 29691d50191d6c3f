/**
 * A journal beside a snapshot: changes are appended to the journal, and when that has grown as large as the snapshot a new
 * snapshot takes everything and the journal begins anew. Appends that wait together are written and synced together
 * (group commit), so that a sync costs the same for one registration and for a thousand.
 *
 * The snapshot is the fold of all records so far. A crash between the new snapshot and the emptied journal only replays
 * records that the snapshot has already; each of them sets or removes a whole entry, so that changes nothing.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { FILE_MODE, replaceFile, syncFolder, writeWhole } from '../../core/durable-file.js';
import { encodeRecord } from './record-lines.js';

export interface JournalOptions {
  readonly snapshotPath: string;
  readonly journalPath: string;
  /** Everything there is now, as records. Taken a part at a time: a change meanwhile is in the journal after it. */
  readonly snapshot: () => Iterable<object>;
  /** A journal no longer than this is never compacted. */
  readonly minCompactBytes: number;
}

interface Append {
  readonly line: string;
  resolve(): void;
  reject(error: unknown): void;
}

const RECORDS_PER_CHUNK = 500;

export class Journal {
  readonly #options: JournalOptions;
  readonly #file: FileHandle;
  #waiting: Append[] = [];
  #running: Promise<void> | undefined;
  #snapshotBytes = 0;
  #journalBytes = 0;
  /** False after a failed write: nobody knows what the journal ends with, and after a failed sync what the disk has. */
  #intact = true;
  #closed = false;

  private constructor(options: JournalOptions, file: FileHandle) {
    this.#options = options;
    this.#file = file;
  }

  /** Begins with a new snapshot and an empty journal. Throws the error of the file system. */
  static async start(options: JournalOptions): Promise<Journal> {
    const file = await open(options.journalPath, 'a', FILE_MODE);
    const journal = new Journal(options, file);
    try {
      await syncFolder(options.journalPath);
      await journal.#compact();
    } catch (error) {
      await file.close();
      throw error;
    }
    return journal;
  }

  /** Resolves when the record is on the disk; rejects when it may not be. Records stay in the order of the calls. */
  append(record: object): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the journal is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line: encodeRecord(record), resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** What was appended before is written first. Legal twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#running;
    await this.#file.close();
  }

  async #run(): Promise<void> {
    // What else is appended in this turn of the event loop goes with the first batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#commit(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.#intact = false;
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = undefined;
  }

  async #commit(batch: readonly Append[]): Promise<void> {
    const limit = Math.max(this.#options.minCompactBytes, this.#snapshotBytes);
    if (!this.#intact || this.#journalBytes > limit) await this.#compact();
    this.#journalBytes += await writeWhole(this.#file, batch.map(({ line }) => line).join(''));
    await this.#file.datasync();
  }

  async #compact(): Promise<void> {
    this.#snapshotBytes = await replaceFile(this.#options.snapshotPath, chunks(this.#options.snapshot()));
    await this.#file.truncate(0);
    await this.#file.sync();
    this.#journalBytes = 0;
    this.#intact = true;
  }
}

function* chunks(records: Iterable<object>): Iterable<string> {
  let lines: string[] = [];
  for (const record of records) {
    lines.push(encodeRecord(record));
    if (lines.length < RECORDS_PER_CHUNK) continue;
    yield lines.join('');
    lines = [];
  }
  yield lines.join('');
}
