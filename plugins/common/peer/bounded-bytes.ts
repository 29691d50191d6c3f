/** Bytes that arrive in pieces, up to a limit. One buffer that grows: a list of one-byte pieces would take a hundred times as much. */

const FIRST_BYTES = 16 * 1024;

export class BoundedBytes {
  readonly #limit: number;
  #buffer = Buffer.alloc(0);
  #length = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** False, and nothing is taken, when it would become more than the limit. */
  append(piece: Uint8Array): boolean {
    const length = this.#length + piece.length;
    if (length > this.#limit) return false;
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  /** What has arrived; not a copy. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const size = Math.min(this.#limit, Math.max(needed, 2 * this.#buffer.length, FIRST_BYTES));
    const larger = Buffer.allocUnsafeSlow(size);
    larger.set(this.bytes());
    this.#buffer = larger;
  }
}
