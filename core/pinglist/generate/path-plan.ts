/** The paths that a policy gives its targets. */

import { pathsPerPair, requiredPaths, rotation } from './ecmp.js';
import type { Host } from './host.js';
import type { Policy } from './policy.js';

/** Path ids are whole numbers below. */
const PATH_IDS = 256;

/** Number and first of a target's paths. In one number, since there is one for each of millions of targets. */
export type PathSet = number;

export function pathSet(paths: number, first: number): PathSet {
  return paths * PATH_IDS + first;
}

export function pathsOf(set: PathSet): number {
  return Math.floor(set / PATH_IDS);
}

export function firstPathOf(set: PathSet): number {
  return set % PATH_IDS;
}

export class PathPlan {
  /** Whether paths are exchanged from hour to hour. */
  readonly rotates: boolean;
  /** Number of equal-cost ways that the policy was told of. */
  readonly ways: number | undefined;
  /** Paths of each host pair, or of each ordered pair of ToRs. */
  readonly #fixed: number;
  readonly #required: number;

  constructor(paths: Policy['paths']) {
    this.rotates = typeof paths === 'object';
    this.ways = typeof paths === 'object' ? paths.ecmp : undefined;
    this.#fixed = typeof paths === 'number' ? paths : 1;
    this.#required = typeof paths === 'object' ? requiredPaths(paths.ecmp, paths.coverage) : 0;
  }

  /** Of a host pair, one of `pairs` between two ToRs; 0 pairs: both are under one ToR, with one way between them. */
  perPair(pairs: number): number {
    return this.rotates && pairs > 0 ? pathsPerPair(this.#required, pairs) : this.#fixed;
  }

  /** `hour` is the number of whole hours since 1970. */
  pathsOf(source: Host, destination: Host, pairs: number, position: number, hour: number): PathSet {
    if (!this.rotates || pairs === 0) return pathSet(this.#fixed, 0);
    const perPair = pathsPerPair(this.#required, pairs);
    const first = mix(source.hash, destination.hash) + rotation(pairs, perPair, position, hour);
    return pathSet(perPair, first % PATH_IDS);
  }
}

/** 0 … 255, other for (a, b) than for (b, a): the finalizer of MurmurHash3. */
function mix(a: number, b: number): number {
  let h = a ^ Math.imul(b, 0x9e37_79b1);
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) & (PATH_IDS - 1);
}
