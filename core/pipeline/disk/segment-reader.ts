/** Reads segments in order, frame by frame, past what is damaged. One segment at a time is in memory, as far as it is unread. */

import { open } from 'node:fs/promises';
import type { Metric } from '../../metric.js';
import { nextFrame } from './frame.js';
import { decodeMetric } from './metric-codec.js';
import type { Segment, Segments } from './segments.js';

/** Metrics in a row, `first` being the sequence number of the first. */
export interface Run {
  readonly first: number;
  readonly metrics: readonly Metric[];
}

/** Errors that say that the file will never be read. */
const GONE = new Set(['ENOENT', 'EIO', 'EISDIR', 'EACCES', 'EPERM', 'EUCLEAN']);

export class SegmentReader {
  readonly #segments: Segments;
  readonly #onLost: (count: number) => void;
  #next: number;
  #segment: Segment | undefined;
  /** What was read of `#segment`, from `#start` on. */
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #offset = 0;

  /** Begins at `next`; `onLost` is told how many metrics could not be read. */
  constructor(segments: Segments, next: number, onLost: (count: number) => void) {
    this.#segments = segments;
    this.#next = next;
    this.#onLost = onLost;
  }

  /** Sequence number of what is read next. */
  get next(): number {
    return this.#next;
  }

  /** The next metrics before `end`; undefined: there are none. Throws the error of the file system, if that may pass. */
  async read(end: number): Promise<Run | undefined> {
    while (this.#next < end) {
      const place = this.#segments.holding(this.#next, end);
      if (place === undefined) return undefined;
      const run = await this.#readFrame(place.segment, place.end);
      if (run !== undefined) return run;
    }
    return undefined;
  }

  /** Leaves out everything before `next`. */
  skipTo(next: number): void {
    this.#next = Math.max(this.#next, next);
  }

  /** Leaves out what is known already: everything there is. */
  skipToEnd(next: number): void {
    this.#next = next;
    this.#segment = this.#segments.newest;
    this.#bytes = Buffer.alloc(0);
    this.#start = this.#segment?.bytes ?? 0;
    this.#offset = this.#start;
  }

  /** One frame of the segment, which ends at `end`; undefined when it had nothing that is wanted. */
  async #readFrame(segment: Segment, end: number): Promise<Run | undefined> {
    if (!(await this.#load(segment))) return this.#lose(segment, end);
    const frame = nextFrame(this.#bytes, this.#offset - this.#start);
    if (frame === undefined || frame.first >= end) return this.#lose(segment, end);
    this.#offset = this.#start + frame.end;
    const frameEnd = Math.min(frame.first + frame.count, end);
    if (frameEnd <= this.#next) return undefined;
    if (frame.first > this.#next) this.#lose(segment, frame.first);
    const first = this.#next;
    const metrics = decode(frame.lines, first - frame.first, frameEnd - frame.first);
    if (metrics === undefined) return this.#lose(segment, frameEnd);
    this.#next = frameEnd;
    return { first, metrics };
  }

  /** False: it cannot be read. */
  async #load(segment: Segment): Promise<boolean> {
    if (this.#segment !== segment) {
      this.#segment = segment;
      this.#bytes = Buffer.alloc(0);
      this.#start = 0;
      this.#offset = 0;
    }
    if (this.#offset < this.#start + this.#bytes.length) return true;
    try {
      this.#bytes = await readFrom(segment.path, this.#offset);
    } catch (error) {
      if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
    this.#start = this.#offset;
    return true;
  }

  /** Gives up everything before `end`. */
  #lose(segment: Segment, end: number): undefined {
    segment.damaged = true;
    this.#onLost(end - this.#next);
    this.#next = end;
  }
}

function decode(lines: readonly string[] | undefined, from: number, to: number): Metric[] | undefined {
  try {
    return lines?.slice(from, to).map(decodeMetric);
  } catch {
    // The checksum holds and the content does not: something else wrote it.
    return undefined;
  }
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = Buffer.allocUnsafe(Math.max(0, size - offset));
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, offset + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}
