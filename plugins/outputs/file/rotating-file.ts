/**
 * A file that is appended to in whole pieces: either all of a piece is in it or nothing, also when the disk is full.
 * Rotation renames it (`probes.jsonl` → `probes.20260101T000000.000Z.jsonl`) and begins a new one; a file that somebody
 * else (logrotate) moved away or deleted is begun anew as well.
 */

import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Clock } from '../../../core/clock.js';

export interface RotationOptions {
  /** 0: never. */
  readonly intervalMs: number;
  /** 0: no limit. */
  readonly maxBytes: number;
  /** -1: all. */
  readonly maxArchives: number;
}

const FILE_MODE = 0o640;

export class RotatingFile {
  readonly #path: string;
  readonly #rotation: RotationOptions;
  readonly #clock: Clock;
  #handle: FileHandle | undefined;
  /** Number of the rotation interval, counted from the epoch, that the content belongs to. */
  #period = 0;
  #lastArchiveMs = 0;

  constructor(path: string, rotation: RotationOptions, clock: Clock) {
    this.#path = path;
    this.#rotation = rotation;
    this.#clock = clock;
  }

  /** Opens or creates the file; rejects with the error of the system. */
  async open(): Promise<void> {
    if (this.#handle !== undefined) return;
    const handle = await open(this.#path, 'a', FILE_MODE);
    const { size, mtimeMs } = await handle.stat();
    this.#period = this.#periodAt(size > 0 ? mtimeMs : this.#nowMs());
    this.#handle = handle;
  }

  /** Appends all of `text` or, on an error, nothing; the error is that of the system. */
  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.#reopenIfMoved();
    const size = (await this.#current().stat()).size;
    if (this.#isRotationDue(size, bytes.length)) await this.#rotate();
    await appendWhole(this.#current(), bytes);
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #current(): FileHandle {
    if (this.#handle === undefined) throw new Error(`${this.#path} is not open`);
    return this.#handle;
  }

  async #reopenIfMoved(): Promise<void> {
    if (this.#handle !== undefined) {
      const [opened, named] = await Promise.all([this.#handle.stat(), stat(this.#path).catch(() => undefined)]);
      if (named === undefined || named.ino !== opened.ino || named.dev !== opened.dev) await this.close();
    }
    await this.open();
  }

  #isRotationDue(size: number, more: number): boolean {
    if (size === 0) {
      this.#period = this.#periodAt(this.#nowMs());
      return false;
    }
    const { maxBytes } = this.#rotation;
    return (maxBytes > 0 && size + more > maxBytes) || this.#periodAt(this.#nowMs()) !== this.#period;
  }

  async #rotate(): Promise<void> {
    await rename(this.#path, await this.#archivePath());
    await this.close();
    await this.open();
    await this.#prune();
  }

  /** Named by the time of the rotation; never twice the same and always after the one before, even if the clock steps. */
  async #archivePath(): Promise<string> {
    const { directory, stem, extension } = this.#parts();
    for (let stampMs = Math.max(this.#nowMs(), this.#lastArchiveMs + 1); ; stampMs += 1) {
      const stamp = new Date(stampMs).toISOString().replace(/[-:]/g, '');
      const path = join(directory, `${stem}.${stamp}${extension}`);
      if ((await stat(path).catch(() => undefined)) !== undefined) continue;
      this.#lastArchiveMs = stampMs;
      return path;
    }
  }

  async #prune(): Promise<void> {
    const { maxArchives } = this.#rotation;
    if (maxArchives < 0) return;
    const { directory, stem, extension } = this.#parts();
    const archives = (await readdir(directory))
      .filter((name) => name.startsWith(`${stem}.`) && name.endsWith(extension))
      .filter((name) => /^\d{8}T\d{6}\.\d{3}Z$/.test(name.slice(stem.length + 1, name.length - extension.length)))
      .sort();
    const surplus = archives.slice(0, Math.max(0, archives.length - maxArchives));
    await Promise.all(surplus.map((name) => rm(join(directory, name), { force: true })));
  }

  #parts(): { directory: string; stem: string; extension: string } {
    const extension = extname(this.#path);
    return { directory: dirname(this.#path), stem: basename(this.#path, extension), extension };
  }

  #periodAt(timeMs: number): number {
    const { intervalMs } = this.#rotation;
    return intervalMs > 0 ? Math.floor(timeMs / intervalMs) : 0;
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n);
  }
}

/** A disk that runs full takes the first part of a write: cut it off, since half a line spoils the next one too. */
async function appendWhole(handle: FileHandle, bytes: Buffer): Promise<void> {
  const { size } = await handle.stat();
  try {
    await handle.appendFile(bytes);
  } catch (error) {
    const after = await handle.stat();
    if (after.isFile() && after.size > size) await handle.truncate(size);
    throw error;
  }
}
