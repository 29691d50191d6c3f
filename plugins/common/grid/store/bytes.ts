/** Variable-length whole numbers (LEB128, least significant seven bits first) in byte arrays: what cells are made of. */

const BITS_31 = 2 ** 31;

/** Appends to `bytes`, which its owner has made large enough. */
export class ByteWriter {
  readonly bytes: Uint8Array;
  length = 0;

  constructor(maxBytes: number) {
    this.bytes = new Uint8Array(maxBytes);
  }

  byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^53 - 1. */
  whole(value: number): void {
    let rest = value;
    for (; rest >= BITS_31; rest = Math.floor(rest / 128)) this.bytes[this.length++] = (rest % 128) | 128;
    for (; rest >= 128; rest >>>= 7) this.bytes[this.length++] = (rest & 127) | 128;
    this.bytes[this.length++] = rest;
  }

  /** A whole number between -2^52 and 2^52, the sign in its lowest bit: small ones of either sign are short. */
  signed(value: number): void {
    this.whole(value < 0 ? -2 * value - 1 : 2 * value);
  }
}

export class ByteReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;

  byte(): number {
    return this.bytes[this.at++] ?? 0;
  }

  whole(): number {
    const first = this.bytes[this.at++] ?? 0;
    if (first < 128) return first;
    const second = this.bytes[this.at++] ?? 0;
    if (second < 128) return (first & 127) | (second << 7);
    let value = (first & 127) | ((second & 127) << 7);
    let place = 2 ** 14;
    for (let more = true; more; place *= 128) {
      const next = this.bytes[this.at++] ?? 0;
      value += (next & 127) * place;
      more = next >= 128;
    }
    return value;
  }

  signed(): number {
    const value = this.whole();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Passes over one number. */
  skip(): void {
    while ((this.bytes[this.at++] ?? 0) >= 128);
  }
}
