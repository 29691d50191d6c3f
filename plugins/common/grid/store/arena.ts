/**
 * Room for cells in chunks of 64 KiB, which go back to a pool: windows come and go for ever, and memory that is used again
 * does not fragment. A cell lies within one chunk and has an address of 32 bits: 4 GiB a window.
 */

import { MAX_CELL_BYTES } from './cell.js';

const CHUNK_BITS = 16;
export const CHUNK_BYTES = 2 ** CHUNK_BITS;
if (MAX_CELL_BYTES > CHUNK_BYTES) throw new Error('a cell has to fit into a chunk');

/** No cell has this address. */
export const NOWHERE = 0;

export class ChunkPool {
  readonly #free: Uint8Array[] = [];
  #usedBytes = 0;

  /** Of all chunks that are lent, and what `charge` added. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Counts memory that stands beside the chunks; negative when it is gone. */
  charge(bytes: number): void {
    this.#usedBytes += bytes;
  }

  take(): Uint8Array {
    this.charge(CHUNK_BYTES);
    return this.#free.pop() ?? new Uint8Array(CHUNK_BYTES);
  }

  giveBack(chunks: readonly Uint8Array[]): void {
    this.charge(-chunks.length * CHUNK_BYTES);
    this.#free.push(...chunks);
  }
}

export class Arena {
  readonly #pool: ChunkPool;
  readonly #chunks: Uint8Array[] = [];
  /** Of the last chunk. */
  #used = CHUNK_BYTES;

  constructor(pool: ChunkPool) {
    this.#pool = pool;
  }

  /** Copies the first `length` bytes; returns where they are now. */
  append(bytes: Uint8Array, length: number): number {
    if (this.#used + length > CHUNK_BYTES) {
      this.#chunks.push(this.#pool.take());
      // The first byte stays unused: address 0 is NOWHERE.
      this.#used = this.#chunks.length === 1 ? 1 : 0;
    }
    const address = (this.#chunks.length - 1) * CHUNK_BYTES + this.#used;
    this.#used += length;
    this.overwrite(address, bytes, length);
    return address;
  }

  overwrite(address: number, bytes: Uint8Array, length: number): void {
    const chunk = this.chunk(address);
    const start = placeOf(address);
    // Cells are short: a loop is quicker than a view of them.
    for (let i = 0; i < length; i += 1) chunk[start + i] = bytes[i] ?? 0;
  }

  /** The chunk of an address, in which it has the place `placeOf(address)`. */
  chunk(address: number): Uint8Array {
    return this.#chunks[address >>> CHUNK_BITS] ?? NO_CHUNK;
  }

  /** Nothing is left afterwards. */
  free(): void {
    this.#pool.giveBack(this.#chunks.splice(0));
    this.#used = CHUNK_BYTES;
  }
}

const NO_CHUNK = new Uint8Array(0);

export function placeOf(address: number): number {
  return address & (CHUNK_BYTES - 1);
}
