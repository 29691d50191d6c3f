/** Whether two lists ask for the same probing: a reader is told only of real changes, since it then rebuilds its engine. */

import type { Target } from '../target.js';

/** Same targets in the same order. Costs no memory: lists have tens of thousands of targets. */
export function sameTargets(before: readonly Target[], after: readonly Target[]): boolean {
  return before.length === after.length && before.every((target, index) => sameTarget(target, after[index]));
}

function sameTarget(a: Target, b: Target | undefined): boolean {
  if (a === b) return true;
  if (b === undefined) return false;
  const { labels: labelsOfA, ...restOfA } = a;
  const { labels: labelsOfB, ...restOfB } = b;
  return sameFields(restOfA, restOfB) && sameFields(labelsOfA, labelsOfB);
}

function sameFields(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
