/** How far a server has read the rows of each window that is shared: some 60 bytes a row. */

/** Where reading goes on: `length` bytes are known, and `tail` are the last ones (at most 4) of them. */
export interface Offset {
  readonly length: number;
  readonly tail: Buffer;
}

export const START: Offset = { length: 0, tail: Buffer.alloc(0) };
const TAIL_BYTES = 4;
/** A length is below 2^21 (MAX_ROW_BYTES), so that it stands in one number with the 32 bits of a tail. */
const TAIL_RANGE = 2 ** 32;
export const MAX_ROW_BYTES = 2 ** 21 - 1;
/** Names that are kept once for all windows. */
const MAX_NAMES = 100_000;

export class WindowOffsets {
  readonly #names: NameTable;
  readonly #rows = new Map<string, number>();
  /** Empty: nothing was read yet. */
  #id = '';
  /** Sum of the lengths. */
  bytes = 0;

  constructor(names: NameTable) {
    this.#names = names;
  }

  get id(): string {
    return this.#id;
  }

  /** Another window than before, in Redis: what was read of the one before is not to be found in it. */
  set id(id: string) {
    if (id === this.#id) return;
    this.#id = id;
    this.#rows.clear();
    this.bytes = 0;
  }

  of(row: string): Offset {
    const packed = this.#rows.get(row);
    if (packed === undefined) return START;
    const tail = Buffer.alloc(TAIL_BYTES);
    tail.writeUInt32LE(packed % TAIL_RANGE);
    return { length: Math.floor(packed / TAIL_RANGE), tail };
  }

  set(row: string, { length, tail }: Offset): void {
    const before = Math.floor((this.#rows.get(row) ?? 0) / TAIL_RANGE);
    // A frame is longer: this is none of ours, or nothing.
    const known = tail.length < TAIL_BYTES ? 0 : length;
    this.bytes += known - before;
    if (known === 0) this.#rows.delete(row);
    else this.#rows.set(this.#names.one(row), length * TAIL_RANGE + tail.readUInt32LE());
  }
}

/** Equal names as one string. */
export class NameTable {
  readonly #names = new Map<string, string>();

  one(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(name, name);
    return name;
  }
}
