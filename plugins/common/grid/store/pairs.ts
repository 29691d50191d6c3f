/** Which pairs a question is about, and what they add up to. */

import { ByteReader } from './bytes.js';
import type { CellSums } from './cell.js';
import type { HostTable, Level } from './hosts.js';
import type { Mesh } from './mesh.js';
import { CELLS_PER_STEP, type Steps } from './slices.js';
import type { GridWindow } from './window.js';

/** The live pairs between the members of two groups of a level; an undefined group is everybody. Ascending. */
export function pairsBetween(mesh: Mesh, hosts: HostTable, level: Level, src?: string, dst?: string): number[] {
  const [sources, destinations] = [membersOf(hosts, level, src), membersOf(hosts, level, dst)];
  const found: number[] = [];
  for (let pair = 0; pair < mesh.capacity; pair += 1) {
    if (sources[mesh.srcOf(pair)] === 1 && destinations[mesh.dstOf(pair)] === 1 && mesh.isLive(pair)) found.push(pair);
  }
  return found;
}

/** 1 for each host that belongs to the group. */
function membersOf(hosts: HostTable, level: Level, group: string | undefined): Uint8Array {
  const members = new Uint8Array(hosts.capacity);
  if (group === undefined) return members.fill(1);
  for (const id of hosts.membersOf(level, group)) members[id] = 1;
  return members;
}

/** Makes `sums` what `pairs` have in a window; returns how many have anything. */
export function* addUp(window: GridWindow, pairs: readonly number[], sums: CellSums): Steps<number> {
  const reader = new ByteReader();
  sums.clear();
  let found = 0;
  for (const [i, pair] of pairs.entries()) {
    if (i % CELLS_PER_STEP === CELLS_PER_STEP - 1) yield;
    if (!window.seek(pair, reader)) continue;
    sums.addWritten(reader);
    found += 1;
  }
  return found;
}

/** Cells that one history may cost: about a second of a core. */
export const MAX_HISTORY_CELLS = 2 ** 20;

/**
 * The windows that one look back may take in, the oldest first: the newest ones of `mesh`, at least one, as far as
 * MAX_HISTORY_CELLS reach.
 */
export function reachableWindows(mesh: Mesh, pairs: number): readonly GridWindow[] {
  return mesh.windows.slice(-Math.max(1, Math.floor(MAX_HISTORY_CELLS / Math.max(1, pairs))));
}
