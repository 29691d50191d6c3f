/** Pumps one engine, slice after slice, until it is closed. The event loop only sees finished slices. */

import { describeError } from '../../../core/errors.js';
import { close, type EngineHandle, newSliceBuffer, Slice } from '../../../native/index.js';
import { acquirePumpSlot, type PumpSlot } from './pump-pool.js';

export interface EnginePumpOptions {
  readonly handle: EngineHandle;
  /** Called once, when the first slice has ended: its worker runs, so the engine answers. */
  readonly onRunning?: () => void;
  /** Called for every slice, in order. */
  readonly onSlice: (slice: Slice) => void;
  /** A slice failed (its worker died): it is tried again after a pause. */
  readonly onError: (error: Error) => void;
  /** Length of a slice after one without records, ms; longer costs less when idle, shorter tells sooner. */
  readonly idleSliceMs?: number;
}

/** While records come; also how late a record may reach its window. */
const BUSY_SLICE_MS = 100;
/** When the last slice had none: a command from the main thread ends it at once anyway. */
const IDLE_SLICE_MS = 1000;
const RETRY_MS = 1000;

export class EnginePump {
  readonly #options: EnginePumpOptions;
  readonly #slot: PumpSlot = acquirePumpSlot();
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  /** Starts at once. The engine belongs to the pump from now on: `stop` closes it. */
  constructor(options: EnginePumpOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** Closes the engine and resolves when its last slice is delivered. May be called twice. */
  stop(): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      this.#stopping.abort();
      close(this.#options.handle);
    }
    return this.#ended;
  }

  async #run(): Promise<void> {
    let sliceMs = BUSY_SLICE_MS;
    let [running, closed] = [false, false];
    let buffer = newSliceBuffer();
    while (!closed) {
      try {
        buffer = await this.#slot.run(this.#options.handle, sliceMs, buffer);
        const slice = new Slice(buffer);
        closed = slice.closed;
        sliceMs = slice.count > 0 ? BUSY_SLICE_MS : (this.#options.idleSliceMs ?? IDLE_SLICE_MS);
        if (!running && !closed) this.#options.onRunning?.();
        running = true;
        this.#options.onSlice(slice);
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        this.#options.onError(error instanceof Error ? error : new Error(describeError(error)));
        // The buffer may be lost with the worker.
        buffer = newSliceBuffer();
        await this.#pause();
      }
    }
    await this.#slot.release();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.#stopping.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
