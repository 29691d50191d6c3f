/**
 * Long work on a mesh, in steps of a few milliseconds: rows and other askers come in between. What is read later may hold rows
 * that came meanwhile; who keeps a result takes the revision from before the first step, so that it counts as outdated.
 */

import { setImmediate } from 'node:timers/promises';
import type { Mesh } from './mesh.js';

/** Yields after each step. */
export type Steps<T> = Generator<undefined, T>;

/** Cells of which a distribution is read in one step. More steps would not be done before the next rows come. */
export const CELLS_PER_STEP = 2000;
/** Cells of which only counts are read. */
export const COUNTS_PER_STEP = 8000;
/** Pairs of which only the ends are looked at. */
export const PAIRS_PER_STEP = 20_000;
/** A window is dropped each few seconds at most; work that meets it so often runs to its end at once. */
const MAX_BEGINNINGS = 3;

/** Work is begun anew when a window is dropped in between: then numbers of pairs may stand for others. */
export async function inSlices<T>(mesh: Mesh, begin: () => Steps<T>): Promise<T> {
  for (let beginnings = 1; beginnings < MAX_BEGINNINGS; beginnings += 1) {
    const { drops } = mesh;
    const steps = begin();
    while (mesh.drops === drops) {
      const { done, value } = steps.next();
      if (done === true) return value;
      await setImmediate();
    }
  }
  return atOnce(begin());
}

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
