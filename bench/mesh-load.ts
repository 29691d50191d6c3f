/** The rows of a mesh on their way to a listener, pushed by a process of its own (mesh-load-process.ts). */

import { fileURLToPath } from 'node:url';
import { JsonChild } from './child.js';

export const MAX_LOAD_WINDOWS = 200;

export interface MeshLoadPlan {
  readonly url: string;
  readonly token: string;
  /** In which every host pushes one row; MAX_LOAD_WINDOWS at most. */
  readonly windows: number;
}

/** Of one window. */
export interface PushedWindow {
  readonly targets: number;
  /** As the answers say. */
  readonly accepted: number;
  /** From the request to the whole answer, ms. */
  readonly pushP50Ms: number;
  readonly pushP99Ms: number;
  /** How long after its time the last row was answered: more than 0 when the load has fallen behind. */
  readonly lateMs: number;
}

/** Any request that fails ends the load. */
export class MeshLoad {
  readonly #child: JsonChild;

  constructor(plan: MeshLoadPlan) {
    const script = fileURLToPath(new URL('./mesh-load-process.js', import.meta.url));
    this.#child = new JsonChild(process.execPath, [script, JSON.stringify(plan)]);
  }

  /** The next one, once it is pushed. */
  window(): Promise<PushedWindow> {
    return this.#child.next();
  }

  stop(): Promise<void> {
    return this.#child.dispose();
  }
}
