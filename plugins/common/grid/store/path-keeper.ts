/** Which windows hold what is known of single paths: the newest ones that `maxBytes` has room for. */

import { ChunkPool } from './arena.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { CellSums, MAX_CELL_BYTES } from './cell.js';
import type { Mesh } from './mesh.js';
import { PathCells } from './paths.js';
import type { GridWindow } from './window.js';

export class PathKeeper {
  readonly #maxBytes: number;
  readonly #pool = new ChunkPool();
  readonly #sums = new CellSums();
  readonly #writer = new ByteWriter(MAX_CELL_BYTES);
  readonly #reader = new ByteReader();
  /** Windows whose paths gave way to those of newer ones. */
  droppedWindows = 0;
  /** Metrics whose path is not kept by itself: no room, or too many paths of one pair. */
  leftOut = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#pool.usedBytes;
  }

  /** `sums` are left as they are. The pair holds them as well, whether its path is kept or not. */
  add(window: GridWindow, pair: number, path: string, sums: CellSums, meshes: Iterable<Mesh>): void {
    if (window.paths !== 'dropped' && this.bytes >= this.#maxBytes) this.#makeRoom(meshes);
    if (window.paths === 'dropped') {
      this.leftOut += 1;
      return;
    }
    window.paths ??= new PathCells(this.#pool);
    this.#writer.length = 0;
    sums.write(this.#writer);
    this.#reader.bytes = this.#writer.bytes;
    this.#reader.at = 0;
    this.#sums.clear();
    this.#sums.addWritten(this.#reader);
    if (!window.paths.add(pair, path, this.#sums)) this.leftOut += 1;
  }

  /** Those of the oldest window go, be it the one that wants room. */
  #makeRoom(meshes: Iterable<Mesh>): void {
    let oldest: GridWindow | undefined;
    for (const { windows } of meshes) {
      const first = windows.find(({ paths }) => paths instanceof PathCells);
      if (first !== undefined && first.startMs < (oldest?.startMs ?? Number.POSITIVE_INFINITY)) oldest = first;
    }
    oldest?.dropPaths();
    this.droppedWindows += 1;
  }
}
