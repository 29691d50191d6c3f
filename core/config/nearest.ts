/** What the user probably meant. */

import { distance } from 'fastest-levenshtein';

/** The candidate that differs from `word` by few letters (case, `-` and `_` aside), or undefined. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = word.length <= 3 ? 1 : Math.max(2, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const steps = difference(normalised(word), normalised(candidate));
    if (steps >= bestDistance) continue;
    best = candidate;
    bestDistance = steps;
  }
  return best;
}

/** The remedy for an unknown word: the nearest valid one, otherwise all of them. */
export function remedy(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  return candidates.length === 0 ? 'there are none' : `valid are: ${[...candidates].sort().join(', ')}`;
}

/** Letters changed; mere transpositions (`upd` for `udp`) count as one. */
function difference(a: string, b: string): number {
  const steps = distance(a, b);
  return steps > 1 && [...a].sort().join('') === [...b].sort().join('') ? 1 : steps;
}

function normalised(word: string): string {
  return word.toLowerCase().replaceAll('-', '_');
}
