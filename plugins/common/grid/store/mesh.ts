/** One transport: its pairs by small numbers, and its kept windows. A pair lives as long as a window has a cell of it. */

import type { HostTable } from './hosts.js';
import type { GridWindow } from './window.js';

/** Of a pair: two entries of maps of small integers, three of typed arrays, its share of the host. */
export const PAIR_BYTES = 64;

export class Mesh {
  readonly transport: string;
  readonly #hosts: HostTable;
  /** By source, by destination. */
  readonly #rows = new Map<number, Map<number, number>>();
  readonly #free: number[] = [];
  #src = new Int32Array(0);
  #dst = new Int32Array(0);
  /** Windows with a cell of the pair. */
  #uses = new Uint16Array(0);
  #capacity = 0;
  /** Ascending. */
  readonly windows: GridWindow[] = [];
  /** Grows whenever a pair comes or goes. */
  revision = 0;
  /** Windows that were dropped so far. Until the next one a number stands for one pair. */
  drops = 0;

  constructor(transport: string, hosts: HostTable) {
    this.transport = transport;
    this.#hosts = hosts;
  }

  /** Pairs that live. */
  get pairs(): number {
    return this.#capacity - this.#free.length;
  }

  /** Numbers of pairs are below this. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Whether any window has a cell of this pair, which may be a number that is free. */
  isLive(pair: number): boolean {
    return (this.#uses[pair] ?? 0) > 0;
  }

  srcOf(pair: number): number {
    return this.#src[pair] ?? 0;
  }

  dstOf(pair: number): number {
    return this.#dst[pair] ?? 0;
  }

  find(src: number, dst: number): number | undefined {
    return this.#rows.get(src)?.get(dst);
  }

  /** Destinations and pairs of a source. */
  row(src: number): ReadonlyMap<number, number> {
    return this.#rows.get(src) ?? NO_ROW;
  }

  /** The pair of two hosts, made when it is new; a window has to `hold` it then. */
  pairOf(src: string, dst: string): number {
    const [from, to] = [this.#hosts.idOf(src), this.#hosts.idOf(dst)];
    const known = from !== undefined && to !== undefined ? this.find(from, to) : undefined;
    return known ?? this.#make(this.#hosts.hold(src), this.#hosts.hold(dst));
  }

  hold(pair: number): void {
    this.#uses[pair] = (this.#uses[pair] ?? 0) + 1;
  }

  /** One window less has a cell of the pair; without any it is forgotten. */
  release(pair: number): void {
    const left = (this.#uses[pair] ?? 1) - 1;
    this.#uses[pair] = left;
    if (left > 0) return;
    const [src, dst] = [this.srcOf(pair), this.dstOf(pair)];
    const row = this.#rows.get(src);
    row?.delete(dst);
    if (row?.size === 0) this.#rows.delete(src);
    this.#free.push(pair);
    this.#hosts.release(src);
    this.#hosts.release(dst);
    this.revision += 1;
  }

  /**
   * The newest window that is whole as far as can be told: agents send their rows in turn, so the one before the newest.
   * Windows with less than half the cells of the fullest do not count, so that one clock that is ahead changes nothing.
   */
  settledWindow(): GridWindow | undefined {
    const fullest = Math.max(...this.windows.map(({ cells }) => cells));
    const filled = this.windows.filter(({ cells }) => 2 * cells >= fullest);
    return filled.at(-2) ?? filled.at(-1);
  }

  window(startMs: number): GridWindow | undefined {
    return this.windows.find((window) => window.startMs === startMs);
  }

  insert(window: GridWindow): void {
    const after = this.windows.findIndex(({ startMs }) => startMs > window.startMs);
    this.windows.splice(after < 0 ? this.windows.length : after, 0, window);
  }

  /** Takes out a window without cells. */
  remove(window: GridWindow): void {
    this.windows.splice(this.windows.indexOf(window), 1);
    window.free();
  }

  /** Forgets the oldest window, and the pairs that no other window has. Returns the cells it had. */
  dropOldest(): number {
    const oldest = this.windows.shift();
    if (oldest === undefined) return 0;
    this.drops += 1;
    for (let pair = 0; pair < this.#capacity; pair += 1) {
      if (oldest.has(pair)) this.release(pair);
    }
    const { cells } = oldest;
    oldest.free();
    return cells;
  }

  #make(src: number, dst: number): number {
    const pair = this.#free.pop() ?? this.#capacity++;
    if (pair >= this.#src.length) this.#grow();
    this.#src[pair] = src;
    this.#dst[pair] = dst;
    this.#uses[pair] = 0;
    const row = this.#rows.get(src) ?? new Map<number, number>();
    this.#rows.set(src, row.set(dst, pair));
    this.revision += 1;
    return pair;
  }

  #grow(): void {
    const length = Math.max(64, Math.ceil(this.#src.length * 1.5));
    this.#src = copyOf(this.#src, new Int32Array(length));
    this.#dst = copyOf(this.#dst, new Int32Array(length));
    this.#uses = copyOf(this.#uses, new Uint16Array(length));
  }
}

const NO_ROW: ReadonlyMap<number, number> = new Map();

function copyOf<T extends Int32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
