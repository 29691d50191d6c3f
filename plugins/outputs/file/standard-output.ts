/** Standard output as a place for lines: waits for a slow reader, and says when there is none any more. */

import type { Writable } from 'node:stream';
import { PermanentError } from '../../../core/errors.js';

export class StandardOutput {
  readonly #stream: Writable;
  #listening = false;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  async open(): Promise<void> {
    if (this.#listening) return;
    // Without a listener the failure of a write, which its callback reports, would also end the process.
    this.#stream.on('error', ignore);
    this.#listening = true;
  }

  /** Rejects with PermanentError when the reader has gone: nobody will ever read what is written. */
  append(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(text, (error) => {
        if (!error) resolve();
        else reject(isGone(error) ? new PermanentError('nobody reads the standard output', { cause: error }) : error);
      });
    });
  }

  /** The stream belongs to the process and stays open. */
  async close(): Promise<void> {
    this.#stream.off('error', ignore);
    this.#listening = false;
  }
}

function ignore(): void {}

function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' || error.code === 'ERR_STREAM_WRITE_AFTER_END';
}
