/** What a process costs, seen from outside. */

import { readFileSync } from 'node:fs';

/** USER_HZ: the unit of /proc/PID/stat, 100 on every Linux that Node runs on. */
const TICK_NS = 1e7;
const PAGE_BYTES = 4096;

export interface Usage {
  readonly wallNs: number;
  /** User and system, of all threads. */
  readonly cpuNs: number;
  readonly rssBytes: number;
}

export function readUsage(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number);
  return {
    wallNs: Number(process.hrtime.bigint()),
    cpuNs: ((user ?? 0) + (system ?? 0)) * TICK_NS,
    rssBytes: (pages ?? 0) * PAGE_BYTES,
  };
}

/** Percent of one core, from one moment to another. */
export function cpuPercent(before: Usage, after: Usage): number {
  return ((after.cpuNs - before.cpuNs) / (after.wallNs - before.wallNs)) * 100;
}
