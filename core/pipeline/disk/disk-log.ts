/**
 * A queue of metrics in a folder: appended at one end, read and then settled at the other. What an append has returned for is
 * on the disk, whatever happens to process or machine. The files never take more than `maxBytes` together: the oldest
 * segment gives way. Calls must not overlap.
 */

import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_MODE, syncFolder } from '../../durable-file.js';
import type { Metric } from '../../metric.js';
import { FolderLock } from './folder-lock.js';
import { encodeFrame, nextFrame } from './frame.js';
import { encodeMetric } from './metric-codec.js';
import { type Position, PositionFile } from './position-file.js';
import { type Run, SegmentReader } from './segment-reader.js';
import { type Segment, Segments } from './segments.js';

export interface DiskLogOptions {
  /** It exists, and this process may write to it. */
  readonly folder: string;
  readonly maxBytes: number;
  /** Metrics that cannot be read back. */
  readonly onLost: (count: number) => void;
  /** Something failed without consequences for what was asked for. */
  readonly onError: (error: unknown) => void;
  /** The metrics before this sequence number give way to newer ones; so many of them were not read. */
  readonly onEvicted: (before: number, unread: number) => void;
}

export interface Appended {
  /** Sequence number of the first metric. */
  readonly first: number;
  /** How many of the metrics were dealt with: less than all when they are very large. */
  readonly taken: number;
  /** Of those taken, the indices of metrics too large for the log: they are not in it. */
  readonly oversize: readonly number[];
}

const MAX_SEGMENT_BYTES = 4 * 1024 * 1024;
const SEGMENTS = 16;
/** A frame takes a millisecond or two to encode: between two, others run. */
const FRAME_BYTES = 128 * 1024;

export class DiskLog {
  readonly #options: DiskLogOptions;
  readonly #lock: FolderLock;
  readonly #segments: Segments;
  readonly #positionFile: PositionFile;
  readonly #reader: SegmentReader;
  readonly #segmentBytes: number;
  readonly #frameBytes: number;
  /** Of one metric, and of one append: together with a frame they are less than the log, so that an append never evicts itself. */
  readonly #maxMetricBytes: number;
  readonly #maxAppendBytes: number;
  /** The newest segment, open for appending; undefined: the next append begins another. */
  #file: FileHandle | undefined;
  #settled: number;
  #end: number;
  #damagedFiles = 0;

  private constructor(
    options: DiskLogOptions,
    lock: FolderLock,
    segments: Segments,
    positionFile: PositionFile,
    { settled, end }: Position,
  ) {
    this.#options = options;
    this.#lock = lock;
    this.#segments = segments;
    this.#positionFile = positionFile;
    this.#settled = settled;
    this.#end = end;
    this.#reader = new SegmentReader(segments, settled, options.onLost);
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.floor(options.maxBytes / SEGMENTS));
    this.#frameBytes = Math.min(FRAME_BYTES, Math.floor(this.#segmentBytes / 8));
    this.#maxMetricBytes = Math.floor(options.maxBytes / 8);
    this.#maxAppendBytes = Math.floor(options.maxBytes / 4);
  }

  /** Undefined: another process has the folder. Throws the error of the file system. */
  static async open(options: DiskLogOptions): Promise<DiskLog | undefined> {
    const lock = await FolderLock.take(options.folder);
    if (lock === undefined) return undefined;
    let positionFile: PositionFile | undefined;
    try {
      positionFile = await PositionFile.open(join(options.folder, 'position'));
      await syncFolder(join(options.folder, 'position'));
      const segments = await Segments.list(options.folder);
      const position = await positionFile.read();
      const known = typeof position === 'string' ? { settled: 0, end: 0 } : position;
      const first = segments.oldest?.first ?? known.end;
      const end = Math.max(known.end, segments.newest === undefined ? 0 : await endOf(segments.newest));
      // Whoever removed a segment that was not settled removed what it had.
      if (typeof position !== 'string') options.onLost(Math.max(0, first - known.settled));
      const log = new DiskLog(options, lock, segments, positionFile, { settled: Math.max(first, known.settled), end });
      if (position === 'damaged') log.#damagedFiles += 1;
      // What is lost is counted once.
      await log.#notePosition();
      await log.#removeSettled();
      await log.#makeRoom(0);
      return log;
    } catch (error) {
      await positionFile?.close();
      await lock.release();
      throw error;
    }
  }

  /** Sequence number after the last metric. */
  get end(): number {
    return this.#end;
  }

  /** Sequence number of what is read next. */
  get next(): number {
    return this.#reader.next;
  }

  /** Everything before is settled. */
  get settled(): number {
    return this.#settled;
  }

  get bytes(): number {
    return this.#segments.bytes;
  }

  get damagedFiles(): number {
    return this.#damagedFiles + this.#segments.damagedFiles;
  }

  /** Resolves when they are on the disk. Throws the error of the file system; then none of them is in the log. */
  async append(metrics: readonly Metric[]): Promise<Appended> {
    const appending = new Appending(this.#end, this.#segments.newest);
    const oversize: number[] = [];
    let taken = 0;
    let written = 0;
    try {
      while (taken < metrics.length && written < this.#maxAppendBytes) {
        const lines: string[] = [];
        for (let chars = 0; taken < metrics.length && chars < this.#frameBytes; taken += 1) {
          const line = encodeMetric(metrics[taken] as Metric);
          if (this.#isOversize(line)) oversize.push(taken);
          else {
            lines.push(line);
            chars += line.length;
          }
        }
        if (lines.length === 0) continue;
        written += await this.#write(encodeFrame(appending.end, lines), appending);
        appending.end += lines.length;
      }
      await this.#file?.datasync();
    } catch (error) {
      await this.#takeBack(appending);
      throw error;
    }
    const first = this.#end;
    this.#end = appending.end;
    await this.#notePosition();
    return { first, taken, oversize };
  }

  /** The next metrics; undefined: there are none. Throws the error of the file system, if that may pass. */
  read(): Promise<Run | undefined> {
    return this.#reader.read(this.#end);
  }

  /** Whoever appended last still has it all: it need not be read. */
  skipToEnd(): void {
    this.#reader.skipToEnd(this.#end);
  }

  /** Nothing before this will be asked for again. Throws the error of the file system. */
  async settle(before: number): Promise<void> {
    if (before <= this.#settled) return;
    this.#settled = before;
    await this.#notePosition();
    await this.#removeSettled();
  }

  async close(): Promise<void> {
    try {
      await this.#file?.close();
      await this.#positionFile.close();
    } finally {
      await this.#lock.release();
    }
  }

  /** A character has three bytes in UTF-8 at most. */
  #isOversize(line: string): boolean {
    return line.length * 3 > this.#maxMetricBytes && Buffer.byteLength(line) > this.#maxMetricBytes;
  }

  /** Returns how many bytes that were. */
  async #write(frame: Buffer, appending: Appending): Promise<number> {
    const newest = this.#segments.newest;
    const isFull = newest !== undefined && newest.bytes > 0 && newest.bytes + frame.length > this.#segmentBytes;
    if (isFull) await this.#endSegment();
    await this.#makeRoom(frame.length);
    const file = this.#file ?? (await this.#beginSegment(appending));
    const segment = this.#segments.newest as Segment;
    // Counted first: a write that fails in the middle leaves bytes as well.
    const at = segment.bytes;
    this.#segments.resize(segment, at + frame.length);
    for (let done = 0; done < frame.length; ) {
      done += (await file.write(frame, done, frame.length - done, at + done)).bytesWritten;
    }
    return frame.length;
  }

  async #beginSegment(appending: Appending): Promise<FileHandle> {
    const segment = this.#segments.begin(appending.end);
    appending.begun += 1;
    this.#file = await open(segment.path, 'w', FILE_MODE);
    await syncFolder(segment.path);
    return this.#file;
  }

  async #endSegment(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** After a failure nobody knows what the files end with: the next append begins a segment. */
  async #takeBack({ begun, last, lastBytes }: Appending): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    const steps = [
      async () => file?.close(),
      ...Array.from({ length: begun }, () => () => this.#segments.abandonNewest()),
      async () => {
        if (last === undefined || this.#segments.newest !== last || last.bytes === lastBytes) return;
        const partial = await open(last.path, 'r+');
        try {
          await partial.truncate(lastBytes);
          this.#segments.resize(last, lastBytes);
        } finally {
          await partial.close();
        }
      },
    ];
    // What remains is not read: it lies behind the end, and behind the beginning of the segment that comes next.
    for (const step of steps) await step().catch(() => {});
  }

  /** Lets go of the oldest until `added` bytes more fit. */
  async #makeRoom(added: number): Promise<void> {
    const isOver = (): boolean => this.#segments.bytesWith(added, this.#file === undefined) > this.#options.maxBytes;
    while (isOver()) {
      if (await this.#segments.removeAside()) continue;
      if (this.#segments.count === 0) return;
      if (this.#segments.count === 1) await this.#endSegment();
      const end = this.#segments.oldestEnd(this.#end);
      this.#options.onEvicted(end, Math.max(0, end - this.#reader.next));
      this.#reader.skipTo(end);
      this.#settled = Math.max(this.#settled, end);
      await this.#notePosition();
      await this.#segments.removeOldest();
    }
  }

  /** All but the newest: that is appended to. */
  async #removeSettled(): Promise<void> {
    while (this.#segments.count > 1 && this.#segments.oldestEnd(this.#end) <= this.#settled)
      await this.#segments.removeOldest();
  }

  /** Failing that, metrics may be written twice after a restart; nothing else depends on it. */
  async #notePosition(): Promise<void> {
    await this.#positionFile.write({ settled: this.#settled, end: this.#end }).catch(this.#options.onError);
  }
}

/** What an append has done so far, to be taken back if it fails. */
class Appending {
  end: number;
  /** Segments. */
  begun = 0;
  readonly last: Segment | undefined;
  readonly lastBytes: number;

  constructor(end: number, last: Segment | undefined) {
    this.end = end;
    this.last = last;
    this.lastBytes = last?.bytes ?? 0;
  }
}

/** Sequence number after the last metric of a segment, whatever is damaged before. A frame that was cut off does not count. */
async function endOf(segment: Segment): Promise<number> {
  let end = segment.first;
  const bytes = await readFile(segment.path).catch(() => Buffer.alloc(0));
  for (let frame = nextFrame(bytes, 0); frame !== undefined; frame = nextFrame(bytes, frame.end)) {
    if (frame.lines !== undefined) end = Math.max(end, frame.first + frame.count);
  }
  return end;
}
