/** The patterns of all levels that name a host, its ToR, its pod or its DC. */

import type { Within } from '../../../common/grid/store/axis.js';
import { groupName, type HostTable, LEVELS, type Level } from '../../../common/grid/store/hosts.js';
import type { Mesh } from '../../../common/grid/store/mesh.js';
import type { Pattern } from '../../../common/grid/store/patterns.js';
import type { GridContext } from './context.js';

/** Of a larger mesh the grid of hosts is looked at in part: made for one page it would push others out of memory. */
const MAX_HOSTS = 512;

interface HostPatterns {
  readonly patterns: readonly Pattern[];
  readonly patterns_of: readonly { readonly level: Level; readonly within: string | null }[];
}

/** `startMs` undefined: the newest settled window. */
export async function hostPatterns(
  { store: { hosts }, views, clock }: GridContext,
  mesh: Mesh,
  host: string,
  startMs: number | undefined,
): Promise<HostPatterns> {
  const place = hosts.placeOf(hosts.idOf(host) ?? -1);
  const found = new Map<string, Pattern>();
  const looked: { level: Level; within: string | null }[] = [];
  for (const level of LEVELS) {
    const part = level === 'host' ? partOf(hosts, host) : WHOLE;
    if (part === undefined) continue;
    const query = {
      transport: mesh.transport,
      startMs,
      level,
      delay: 'network_rtt',
      srcIn: part.in,
      dstIn: part.in,
    } as const;
    const view = await views.get(query, clock.monotonicMs());
    if (typeof view === 'string') continue;
    looked.push({ level, within: part.in === undefined ? null : `${part.in.level}:${part.in.name}` });
    for (const pattern of view.patterns) {
      // That of a spine is seen at several levels.
      if (pattern.name === groupName(host, place, pattern.level)) found.set(JSON.stringify(pattern), pattern);
    }
  }
  return { patterns: [...found.values()], patterns_of: looked };
}

interface Part {
  readonly in: Within | undefined;
}
const WHOLE: Part = { in: undefined };

/** The largest one around the host that has MAX_HOSTS at most. */
function partOf(hosts: HostTable, host: string): Part | undefined {
  if (hosts.size <= MAX_HOSTS) return WHOLE;
  const place = hosts.placeOf(hosts.idOf(host) ?? -1);
  for (const level of ['dc', 'pod', 'tor'] as const) {
    const name = groupName(host, place, level);
    if (hosts.membersOf(level, name).length <= MAX_HOSTS) return { in: { level, name } };
  }
  return undefined;
}
