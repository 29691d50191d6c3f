/** Frames that this server has taken in and Redis has not yet, by window and row. */

export interface PendingFrame {
  readonly bytes: Buffer;
  /** Whether it is in this server's own grid already: Redis could not be asked when it came. */
  applied: boolean;
}

/** Some rows of one window. */
export interface PendingSlice {
  readonly endMs: number;
  readonly rows: readonly { readonly name: string; readonly frames: readonly PendingFrame[] }[];
}

/** Beside its bytes: the Buffer, its place in the list. */
const FRAME_OVERHEAD = 150;

export class Pending {
  /** In the order in which they came. */
  readonly #windows = new Map<number, Map<string, PendingFrame[]>>();
  #bytes = 0;
  #frames = 0;

  /** In memory, all in all. */
  get bytes(): number {
    return this.#bytes;
  }

  get frames(): number {
    return this.#frames;
  }

  add(endMs: number, row: string, bytes: Buffer): void {
    let rows = this.#windows.get(endMs);
    if (rows === undefined) {
      rows = new Map();
      this.#windows.set(endMs, rows);
    }
    const frames = rows.get(row);
    if (frames === undefined) rows.set(row, [{ bytes, applied: false }]);
    else frames.push({ bytes, applied: false });
    this.#count(1, bytes.length);
  }

  /** The first rows of the oldest window, with all of their frames: some `maxFrames`. */
  next(maxFrames: number): PendingSlice | undefined {
    const [oldest] = this.#windows;
    if (oldest === undefined) return undefined;
    const [endMs, all] = oldest;
    const rows: PendingSlice['rows'][number][] = [];
    let frames = 0;
    for (const [name, list] of all) {
      if (frames > 0 && frames + list.length > maxFrames) break;
      rows.push({ name, frames: [...list] });
      frames += list.length;
    }
    return { endMs, rows };
  }

  /** Forgets what a slice has; what was added to its rows since stays. */
  settle({ endMs, rows }: PendingSlice): void {
    const all = this.#windows.get(endMs);
    for (const { name, frames } of rows) {
      const list = all?.get(name);
      for (const { bytes } of list?.splice(0, frames.length) ?? []) this.#count(-1, -bytes.length);
      if (list?.length === 0) all?.delete(name);
    }
    if (all?.size === 0) this.#windows.delete(endMs);
  }

  /** Calls `apply` for each frame that is not yet applied, and notes that it is. */
  applyAll(apply: (endMs: number, row: string, frame: Buffer) => void): void {
    for (const [endMs, rows] of this.#windows) {
      for (const [row, frames] of rows) {
        for (const frame of frames) {
          if (!frame.applied) apply(endMs, row, frame.bytes);
          frame.applied = true;
        }
      }
    }
  }

  /** Forgets the oldest windows until no more than `maxBytes` are left; returns the frames that went. */
  shrink(maxBytes: number): number {
    return this.#dropWhile(() => this.#bytes > maxBytes);
  }

  /** Forgets the windows that ended before; returns the frames that went. */
  dropBefore(endMs: number): number {
    return this.#dropWhile((oldestMs) => oldestMs < endMs);
  }

  #dropWhile(condition: (oldestMs: number) => boolean): number {
    const before = this.#frames;
    for (const endMs of [...this.#windows.keys()].sort((a, b) => a - b)) {
      if (!condition(endMs)) break;
      for (const frames of this.#windows.get(endMs)?.values() ?? []) {
        for (const { bytes } of frames) this.#count(-1, -bytes.length);
      }
      this.#windows.delete(endMs);
    }
    return before - this.#frames;
  }

  #count(frames: number, bytes: number): void {
    this.#frames += frames;
    this.#bytes += bytes + frames * FRAME_OVERHEAD;
  }
}
