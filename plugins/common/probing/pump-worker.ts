/** The Piscina task: one slice of any engine. Keeps no state, so that any worker can pump any engine. */

import { move } from 'piscina';
import { type EngineHandle, pump } from '../../../native/index.js';

export interface PumpTask {
  readonly handle: EngineHandle;
  readonly maxMs: number;
}

export default function slice(task: PumpTask): unknown {
  return move(pump(task.handle, task.maxMs));
}
