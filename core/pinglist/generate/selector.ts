/** Which hosts a policy is about. */

import { compileGlobs, type Matcher } from '../../pipeline/glob.js';
import type { Selector } from './policy.js';

/** True when the labels match. */
export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean;

/** Every label of the selector has to be there with a value that matches; an empty selector matches everything. */
export function compileSelector(selector: Selector): LabelMatcher {
  const wanted = Object.entries(selector).map(([label, globs]) => [label, compileGlobs([globs].flat())] as const);
  if (wanted.length === 0) return () => true;
  return (labels) => wanted.every(([label, matches]) => hasLabel(labels, label, matches));
}

function hasLabel(labels: Readonly<Record<string, string>>, label: string, matches: Matcher | undefined): boolean {
  const value = Object.hasOwn(labels, label) ? labels[label] : undefined;
  return value !== undefined && matches?.(value) === true;
}
