/**
 * What agents with `per_path` say of each path of a pair, beside the pair's cell, which holds the sum. Only as much as there is room
 * for: an entry is as large as a cell, and a pair may have many paths.
 *
 * An entry in the arena: address of the pair's next entry (four bytes, the highest first; NOWHERE: none), length of the
 * path's name in UTF-8, the name, the cell.
 */

import { Arena, CHUNK_BYTES, type ChunkPool, NOWHERE, placeOf } from './arena.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { CellSums, MAX_CELL_BYTES } from './cell.js';

const MAX_NAME_BYTES = 64;
/** Finding one of many means passing over the others. */
export const MAX_PATHS = 256;
const LINK_BYTES = 4;
const MAX_ENTRY_BYTES = LINK_BYTES + 1 + MAX_NAME_BYTES + MAX_CELL_BYTES;
if (MAX_ENTRY_BYTES > CHUNK_BYTES) throw new Error('an entry has to fit into a chunk');
/** Of the table of a window, for each pair with paths; a small map's entry. */
const HEAD_BYTES = 40;

/** Shared by all: none of them is interrupted. */
const reader = new ByteReader();
const writer = new ByteWriter(MAX_ENTRY_BYTES);

/** Of one window. */
export class PathCells {
  readonly #pool: ChunkPool;
  readonly #arena: Arena;
  /** First entry by pair. */
  readonly #heads = new Map<number, number>();

  constructor(pool: ChunkPool) {
    this.#pool = pool;
    this.#arena = new Arena(pool);
  }

  /** Adds what `sums` holds to a path of a pair; false when the pair has too many, or the name is too long. */
  add(pair: number, path: string, sums: CellSums): boolean {
    const name = Buffer.from(path);
    if (name.length > MAX_NAME_BYTES) return false;
    let [before, paths] = [NOWHERE, 0];
    let next = NOWHERE;
    let at = this.#heads.get(pair) ?? NOWHERE;
    for (; at !== NOWHERE; at = next, paths += 1) {
      next = this.#stand(at);
      if (this.#nameEquals(name)) break;
      before = at;
    }
    if (at === NOWHERE && paths >= MAX_PATHS) return false;
    // A known one is written anew in front; its old place is lost until the window goes.
    if (at !== NOWHERE) {
      sums.addWritten(reader);
      this.#link(pair, before, next);
    }
    this.#prepend(pair, name, sums);
    return true;
  }

  /** The paths of a pair with what is known of each; by number where they are numbers. */
  of(pair: number): { readonly path: string; readonly sums: CellSums }[] {
    const found: { readonly path: string; readonly sums: CellSums }[] = [];
    for (let at = this.#heads.get(pair) ?? NOWHERE; at !== NOWHERE; ) {
      at = this.#stand(at);
      const length = reader.whole();
      const path = Buffer.from(reader.bytes.subarray(reader.at, reader.at + length)).toString();
      reader.at += length;
      const sums = new CellSums();
      sums.addWritten(reader);
      found.push({ path, sums });
    }
    return found.sort((a, b) => Number(a.path) - Number(b.path) || (a.path < b.path ? -1 : 1));
  }

  /** Their places are lost until the window goes. */
  delete(pair: number): void {
    if (this.#heads.delete(pair)) this.#pool.charge(-HEAD_BYTES);
  }

  free(): void {
    this.#arena.free();
    this.#pool.charge(-this.#heads.size * HEAD_BYTES);
    this.#heads.clear();
  }

  /** Stands `reader` at the name of an entry; returns the address of the next one. */
  #stand(address: number): number {
    reader.bytes = this.#arena.chunk(address);
    reader.at = placeOf(address);
    let next = 0;
    for (let i = 0; i < LINK_BYTES; i += 1) next = next * 256 + reader.byte();
    return next;
  }

  /** Leaves `reader` behind the name. */
  #nameEquals(name: Uint8Array): boolean {
    const length = reader.whole();
    const start = reader.at;
    reader.at += length;
    return length === name.length && name.every((byte, i) => byte === reader.bytes[start + i]);
  }

  /** Makes `next` follow `before`; NOWHERE: come first. */
  #link(pair: number, before: number, next: number): void {
    if (before === NOWHERE) this.#heads.set(pair, next);
    else this.#arena.overwrite(before, linkOf(next), LINK_BYTES);
  }

  #prepend(pair: number, name: Uint8Array, sums: CellSums): void {
    const head = this.#heads.get(pair);
    writer.length = 0;
    for (const byte of linkOf(head ?? NOWHERE)) writer.byte(byte);
    writer.whole(name.length);
    for (const byte of name) writer.byte(byte);
    sums.write(writer);
    if (head === undefined) this.#pool.charge(HEAD_BYTES);
    this.#heads.set(pair, this.#arena.append(writer.bytes, writer.length));
  }
}

function linkOf(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);
}
