/**
 * Writes a page of any size without holding it in memory and without holding up the event loop: bytes gather in one
 * buffer, which goes to the peer as fast as the peer takes it, and after some milliseconds of work other things run.
 */

import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../core/clock.js';

const BUFFER_BYTES = 256 * 1024;
const FLUSH_BYTES = 64 * 1024;
/** Work done in one go; the budget for a blocked event loop is ten times this. */
const SLICE_MS = 5;
/** The clock is read once in so many calls. */
const CALLS_PER_LOOK = 32;
const MAX_UTF8_BYTES_PER_CHAR = 3;

export class PageWriter {
  /** Bytes written so far, before compression. */
  bytesWritten = 0;
  readonly #out: Writable;
  readonly #clock: Clock;
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #used = 0;
  #sliceStartMs: number;
  #calls = 0;

  constructor(out: Writable, clock: Clock) {
    this.#out = out;
    this.#clock = clock;
    this.#sliceStartMs = clock.monotonicMs();
  }

  text(text: string): void {
    this.#reserve(text.length * MAX_UTF8_BYTES_PER_CHAR);
    this.#used += this.#buffer.write(text, this.#used, 'utf8');
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Whether it is time to call `turn`; cheap enough to ask after every sample. */
  get isTurnDue(): boolean {
    if (this.#used >= FLUSH_BYTES) return true;
    this.#calls += 1;
    return this.#calls % CALLS_PER_LOOK === 0 && this.#clock.monotonicMs() - this.#sliceStartMs >= SLICE_MS;
  }

  /** Hands over what has gathered and lets others run. Rejects when the peer is gone. */
  async turn(): Promise<void> {
    if (this.#used >= FLUSH_BYTES) await this.#flush();
    if (this.#clock.monotonicMs() - this.#sliceStartMs < SLICE_MS) return;
    await setImmediate();
    this.#sliceStartMs = this.#clock.monotonicMs();
  }

  /** Hands over the rest and ends the stream. */
  async end(): Promise<void> {
    await this.#flush();
    this.#out.end();
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#buffer.length, this.#used + bytes));
    this.#buffer.copy(grown, 0, 0, this.#used);
    this.#buffer = grown;
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.bytesWritten += bytes.length;
    if (bytes.length > 0) await send(this.#out, bytes);
  }
}

/** Resolves when `bytes` were handed on and may be overwritten; rejects when the stream failed or closed before. */
function send(out: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('the scraper closed the connection before the end of the page'));
    if (out.destroyed) return onClose();
    out.once('close', onClose);
    out.write(bytes, (error) => {
      out.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}
