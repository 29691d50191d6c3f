/**
 * Which engine probes which target, where an input has several. The same host deals the same list alike in every run, a
 * target moves only when an engine comes that it is better with, and targets spread evenly (rendezvous hashing).
 */

import type { Target } from '../../../core/target.js';
import type { ProbedTarget } from './series.js';

export interface Dealer<T extends Target> {
  readonly name: string;
  canProbe(target: T): boolean;
}

export interface Deal<T extends Target> {
  /** By dealer, in their order; each in the order of the list. */
  readonly shares: readonly ProbedTarget<T>[][];
  /** Those that no dealer can probe. */
  readonly left: readonly ProbedTarget<T>[];
}

export function deal<T extends Target>(targets: readonly ProbedTarget<T>[], dealers: readonly Dealer<T>[]): Deal<T> {
  const shares: ProbedTarget<T>[][] = dealers.map(() => []);
  const left: ProbedTarget<T>[] = [];
  const hashes = dealers.map(({ name }) => hashOf(name));
  for (const probed of targets) {
    const chosen = choose(probed.target, dealers, hashes);
    if (chosen === undefined) left.push(probed);
    else shares[chosen]?.push(probed);
  }
  return { shares, left };
}

/** Index of the dealer; a plain loop, since lists have 100 000 targets and are dealt on the main thread. */
function choose<T extends Target>(
  target: T,
  dealers: readonly Dealer<T>[],
  hashes: readonly number[],
): number | undefined {
  const hash = dealers.length > 1 ? hashOf(endOf(target)) : 0;
  let chosen: number | undefined;
  let most = -1;
  for (let i = 0; i < dealers.length; i += 1) {
    if (dealers[i]?.canProbe(target) !== true) continue;
    const weight = mix(hash ^ (hashes[i] ?? 0));
    if (weight <= most) continue;
    chosen = i;
    most = weight;
  }
  return chosen;
}

/** Not the queue pair: a reflector that restarts keeps its prober. */
function endOf(target: Target): string {
  return target.transport === 'rdma-ud' ? `${target.dst} ${target.gid}` : `${target.dst} ${target.address}`;
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01_00_01_93);
  return hash;
}

/** The finalizer of MurmurHash3: every bit of `value` counts in every bit of the result. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
