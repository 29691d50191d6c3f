/** The cells of one transport in one window, by the numbers of their pairs. */

import { Arena, type ChunkPool, NOWHERE, placeOf } from './arena.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { type CellSums, MAX_CELL_BYTES, skipCell } from './cell.js';
import { PathCells } from './paths.js';

const MIN_PAIRS = 64;

/** Shared by all windows: none of them is interrupted. */
const reader = new ByteReader();
const writer = new ByteWriter(MAX_CELL_BYTES);

export class GridWindow {
  /** UTC, ms; `startMs` belongs to the window, `endMs` does not. */
  readonly startMs: number;
  readonly endMs: number;
  readonly #pool: ChunkPool;
  #arena: Arena;
  /** By pair; NOWHERE: no cell. */
  #addresses = new Uint32Array(MIN_PAIRS);
  #cells = 0;
  #liveBytes = 0;
  #wastedBytes = 0;
  /** Grows with every change of a cell. */
  revision = 0;
  /** Of pairs whose agents tell them apart; `dropped`: they gave way to newer ones. */
  paths: PathCells | 'dropped' | undefined;

  constructor(startMs: number, endMs: number, pool: ChunkPool) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.#pool = pool;
    this.#arena = new Arena(pool);
    pool.charge(this.#addresses.byteLength);
  }

  get cells(): number {
    return this.#cells;
  }

  has(pair: number): boolean {
    return this.#addressOf(pair) !== NOWHERE;
  }

  /** Stands `into` at the cell of a pair; false when there is none. */
  seek(pair: number, into: ByteReader): boolean {
    const address = this.#addressOf(pair);
    if (address === NOWHERE) return false;
    into.bytes = this.#arena.chunk(address);
    into.at = placeOf(address);
    return true;
  }

  /** Adds what `sums` holds to the cell of a pair; `sums` holds the whole cell afterwards. */
  add(pair: number, sums: CellSums): void {
    const known = this.#addressOf(pair);
    let room = 0;
    if (this.seek(pair, reader)) {
      const start = reader.at;
      sums.addWritten(reader);
      room = reader.at - start;
    }
    writer.length = 0;
    sums.write(writer);
    this.revision += 1;
    this.#liveBytes += writer.length - room;
    if (writer.length <= room) {
      this.#arena.overwrite(known, writer.bytes, writer.length);
      this.#wastedBytes += room - writer.length;
      return;
    }
    this.#wastedBytes += room;
    if (known === NOWHERE) this.#cells += 1;
    this.#reserve(pair);
    this.#addresses[pair] = this.#arena.append(writer.bytes, writer.length);
    if (this.#wastedBytes > this.#liveBytes) this.#compact();
  }

  /** Gives up what is known of single paths, for good. */
  dropPaths(): void {
    if (this.paths instanceof PathCells) this.paths.free();
    this.paths = 'dropped';
  }

  /** Takes out the cell of a pair, and its paths; false when there is none. */
  delete(pair: number): boolean {
    const address = this.#addressOf(pair);
    if (!this.seek(pair, reader)) return false;
    skipCell(reader);
    const bytes = reader.at - placeOf(address);
    this.#liveBytes -= bytes;
    this.#wastedBytes += bytes;
    this.#addresses[pair] = NOWHERE;
    this.#cells -= 1;
    this.revision += 1;
    if (this.paths instanceof PathCells) this.paths.delete(pair);
    return true;
  }

  /** Gives all its room back. */
  free(): void {
    this.dropPaths();
    this.#arena.free();
    this.#replaceTable(new Uint32Array(0));
    this.#cells = 0;
  }

  #addressOf(pair: number): number {
    return this.#addresses[pair] ?? NOWHERE;
  }

  #reserve(pair: number): void {
    if (pair < this.#addresses.length) return;
    const grown = new Uint32Array(Math.max(pair + 1, Math.ceil(this.#addresses.length * 1.25)));
    grown.set(this.#addresses);
    this.#replaceTable(grown);
  }

  #replaceTable(addresses: Uint32Array<ArrayBuffer>): void {
    this.#pool.charge(addresses.byteLength - this.#addresses.byteLength);
    this.#addresses = addresses;
  }

  #compact(): void {
    const compact = new Arena(this.#pool);
    for (const [pair, address] of this.#addresses.entries()) {
      if (!this.seek(pair, reader)) continue;
      const start = placeOf(address);
      skipCell(reader);
      const cell = reader.bytes.subarray(start, reader.at);
      this.#addresses[pair] = compact.append(cell, cell.length);
    }
    this.#arena.free();
    this.#arena = compact;
    this.#wastedBytes = 0;
  }
}
