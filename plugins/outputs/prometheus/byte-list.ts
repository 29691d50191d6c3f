const CHUNK_BYTES = 64 * 1024;

/** Bytes whose number must be known before the first of them is sent, kept in few large pieces. */
export class ByteList {
  length = 0;
  readonly #full: Uint8Array[] = [];
  #chunk = new Uint8Array(0);
  #used = 0;

  bytes(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#chunk.length) {
      if (this.#used > 0) this.#full.push(this.#chunk.subarray(0, this.#used));
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes.length));
      this.#used = 0;
    }
    this.#chunk.set(bytes, this.#used);
    this.#used += bytes.length;
    this.length += bytes.length;
  }

  *chunks(): Iterable<Uint8Array> {
    yield* this.#full;
    if (this.#used > 0) yield this.#chunk.subarray(0, this.#used);
  }
}
