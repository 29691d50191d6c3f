/**
 * The Piscina pool in which engines are pumped: one for the process, made with the first engine, gone with the last. A
 * slice blocks its worker, so there is a worker for each engine that is pumped.
 */

import { Piscina } from 'piscina';
import type { EngineHandle } from '../../../native/index.js';
import type { PumpTask } from './pump-worker.js';

const MAX_ENGINES = 64;
const IDLE_TIMEOUT_MS = 10_000;
/** A worker holds the addon and one slice at a time; the slice's buffer is not part of its heap. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 };

let pool: Piscina<PumpTask, ArrayBuffer> | undefined;
let users = 0;

export interface PumpSlot {
  /** Runs one slice in a worker; see `pump` in native/index.ts. `buffer` is gone with the call and comes back filled. */
  run(handle: EngineHandle, maxMs: number, buffer: ArrayBuffer): Promise<ArrayBuffer>;
  /** Gives the worker back. Call once, after the last `run` has ended. */
  release(): Promise<void>;
}

export function acquirePumpSlot(): PumpSlot {
  pool ??= new Piscina<PumpTask, ArrayBuffer>({
    filename: new URL('./pump-worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: MAX_ENGINES,
    idleTimeout: IDLE_TIMEOUT_MS,
    // Piscina's default parks a worker's whole event loop between tasks.
    atomics: 'disabled',
    // Two histograms of 360 KB that nobody reads.
    recordTiming: false,
    resourceLimits: WORKER_LIMITS,
  });
  const held = pool;
  users += 1;
  return {
    run: (handle, maxMs, buffer) => held.run({ handle, maxMs, buffer }, { transferList: [buffer] }),
    release: async () => {
      users -= 1;
      if (users > 0) return;
      pool = undefined;
      await held.destroy();
    },
  };
}
