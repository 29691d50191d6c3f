/**
 * The segment files of a folder, oldest first, and how much room they take. A file is called after the sequence number of its
 * first metric, so that the names alone say how many metrics each one has, but for the last. Files that were damaged are
 * set aside under another name; they count for the bound, and go first when there is no room.
 */

import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What file systems round the size of a file up to. */
const BLOCK_BYTES = 4096;
/** The folder itself, the file of the position, and the lock. */
const FIXED_BYTES = 3 * BLOCK_BYTES;
const NAME = /^(\d{16})\.seg$/;
const ASIDE = '.damaged';

export interface Segment {
  /** Sequence number of its first metric. */
  readonly first: number;
  readonly path: string;
  readonly bytes: number;
  /** Whether something in it could not be read. */
  damaged: boolean;
}

type Sized = { -readonly [K in keyof Segment]: Segment[K] };

interface AsideFile {
  readonly path: string;
  readonly bytes: number;
}

export class Segments {
  readonly #folder: string;
  readonly #list: Sized[] = [];
  readonly #aside: AsideFile[] = [];
  #bytes = FIXED_BYTES;
  /** Files set aside, in total. */
  damagedFiles = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is there. Throws the error of the file system. */
  static async list(folder: string): Promise<Segments> {
    const segments = new Segments(folder);
    for (const name of (await readdir(folder)).sort()) {
      const first = NAME.exec(name)?.[1];
      if (first === undefined && !name.endsWith(ASIDE)) continue;
      const path = join(folder, name);
      const { size } = await stat(path);
      segments.#bytes += roundUp(size);
      if (first === undefined) segments.#aside.push({ path, bytes: size });
      else segments.#list.push({ first: Number(first), path, bytes: size, damaged: false });
    }
    return segments;
  }

  get oldest(): Segment | undefined {
    return this.#list[0];
  }

  get newest(): Segment | undefined {
    return this.#list.at(-1);
  }

  get count(): number {
    return this.#list.length;
  }

  /** Of all files together, as the file system counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** `bytes` when `added` more are appended to the newest one, or to a new one. */
  bytesWith(added: number, isNew: boolean): number {
    const last = isNew ? 0 : (this.newest?.bytes ?? 0);
    return this.#bytes - roundUp(last) + roundUp(last + added);
  }

  /** The one that has the metric `sequence`, and the sequence number after its last, given that of all. */
  holding(sequence: number, end: number): { readonly segment: Segment; readonly end: number } | undefined {
    for (const [i, segment] of this.#list.entries()) {
      const next = this.#list[i + 1]?.first ?? end;
      if (sequence < next) return { segment, end: next };
    }
    return undefined;
  }

  /** Sequence number after the last metric of the oldest. */
  oldestEnd(end: number): number {
    return this.#list[1]?.first ?? end;
  }

  /** Notes how long a file is, or may be. */
  resize(segment: Segment, bytes: number): void {
    this.#bytes += roundUp(bytes) - roundUp(segment.bytes);
    (segment as Sized).bytes = bytes;
  }

  /** The next file, which is written from its beginning, whatever there was of its name: of that nothing counts. */
  begin(first: number): Segment {
    const path = join(this.#folder, `${String(first).padStart(16, '0')}.seg`);
    const segment = { first, path, bytes: 0, damaged: false };
    // One that a crash left before its first frame was whole, or one that could not be deleted.
    for (const files of [this.#list, this.#aside]) {
      const old = files.findIndex((file) => file.path === path);
      for (const { bytes } of old < 0 ? [] : files.splice(old, 1)) this.#bytes -= roundUp(bytes);
    }
    this.#list.push(segment);
    return segment;
  }

  /** Deletes the newest, which an append that failed began. Throws the error of the file system. */
  async abandonNewest(): Promise<void> {
    const segment = this.#list.pop();
    if (segment !== undefined) await this.#delete(segment);
  }

  /** Deletes the oldest, or sets it aside if it is damaged. Throws the error of the file system. */
  async removeOldest(): Promise<void> {
    const segment = this.#list.shift();
    if (segment === undefined) return;
    if (!segment.damaged) return this.#delete(segment);
    this.damagedFiles += 1;
    const path = segment.path + ASIDE;
    // It may be gone: that is one way to be damaged.
    await rename(segment.path, path).catch(() => {});
    this.#aside.push({ path, bytes: segment.bytes });
  }

  /** Deletes the oldest file that was set aside; false: there is none. Throws the error of the file system. */
  async removeAside(): Promise<boolean> {
    const [file] = this.#aside;
    if (file === undefined) return false;
    await rm(file.path, { force: true });
    this.#aside.shift();
    this.#bytes -= roundUp(file.bytes);
    return true;
  }

  /** What cannot be deleted still takes room, and is tried again when room is needed. */
  async #delete(segment: Segment): Promise<void> {
    this.#aside.push(segment);
    await rm(segment.path, { force: true });
    this.#aside.splice(this.#aside.indexOf(segment), 1);
    this.#bytes -= roundUp(segment.bytes);
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}
