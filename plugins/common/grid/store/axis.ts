/** The hosts of a mesh or the groups they make up at a level, in the order in which the grid shows them. */

import { groupName, type HostTable, type Level, type Place } from './hosts.js';
import type { Mesh } from './mesh.js';

export interface Axis {
  readonly level: Level;
  readonly names: readonly string[];
  /** What each belongs to one level up; '' for a DC. By index, as below. */
  readonly parents: readonly string[];
  readonly pods: readonly string[];
  readonly dcs: readonly string[];
  /** By host: its index, or -1 when it is not on this axis. */
  readonly indexOf: Int32Array;
}

/** Narrows an axis to the members of one group of a higher level. */
export interface Within {
  readonly level: Level;
  readonly name: string;
}

/** Neighbours stand together: by DC, pod and ToR, then by name. */
export function axisOf(hosts: HostTable, mesh: Mesh, level: Level, within?: Within): Axis {
  const members = new Map<string, { readonly place: Place; readonly path: string; readonly hosts: number[] }>();
  for (const host of hostsOf(hosts, mesh)) {
    const [name, place] = [hosts.nameOf(host), hosts.placeOf(host)];
    if (within !== undefined && groupName(name, place, within.level) !== within.name) continue;
    const group = groupName(name, place, level);
    const member = members.get(group);
    if (member !== undefined) member.hosts.push(host);
    else members.set(group, { place, path: pathOf(group, place, level), hosts: [host] });
  }
  const sorted = [...members].sort(([, a], [, b]) => (a.path < b.path ? -1 : 1));
  const indexOf = new Int32Array(hosts.capacity).fill(-1);
  for (const [index, [, member]] of sorted.entries()) for (const host of member.hosts) indexOf[host] = index;
  return {
    level,
    names: sorted.map(([name]) => name),
    parents: sorted.map(([name, { place }]) => parentOf(name, place, level)),
    pods: sorted.map(([name, { place }]) => groupName(name, place, level === 'dc' ? 'dc' : 'pod')),
    dcs: sorted.map(([name, { place }]) => groupName(name, place, 'dc')),
    indexOf,
  };
}

function hostsOf(hosts: HostTable, mesh: Mesh): number[] {
  const isMember = new Uint8Array(hosts.capacity);
  for (let pair = 0; pair < mesh.capacity; pair += 1) {
    if (!mesh.isLive(pair)) continue;
    isMember[mesh.srcOf(pair)] = 1;
    isMember[mesh.dstOf(pair)] = 1;
  }
  return Array.from(isMember.keys()).filter((host) => isMember[host] === 1);
}

const UP = { host: 'tor', tor: 'pod', pod: 'dc' } as const;

function parentOf(name: string, place: Place, level: Level): string {
  return level === 'dc' ? '' : groupName(name, place, UP[level]);
}

/** Differs where names differ: two hosts, or groups, never have one path. */
function pathOf(name: string, { dc, pod, tor }: Place, level: Level): string {
  const outer = { host: [dc, pod, tor], tor: [dc, pod], pod: [dc], dc: [] }[level];
  return [...outer, name].join('\u0000');
}
