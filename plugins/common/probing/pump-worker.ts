/** The Piscina task: one slice of any engine. Keeps no state, so that any worker can pump any engine. */

import { move } from 'piscina';
import { type EngineHandle, pump } from '../../../native/index.js';

export interface PumpTask {
  readonly handle: EngineHandle;
  readonly maxMs: number;
  /** Moved here and back. */
  readonly buffer: ArrayBuffer;
}

export default function slice(task: PumpTask): unknown {
  pump(task.handle, task.maxMs, task.buffer);
  return move(task.buffer);
}
