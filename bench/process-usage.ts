/** What a process costs, seen from outside. */

import { readdirSync, readFileSync } from 'node:fs';

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
  return { wallNs: Number(process.hrtime.bigint()), ...readStat(`/proc/${pid}/stat`) };
}

/** CPU time of the threads of this process that have this name. */
export function threadCpuNs(name: string): number {
  let cpuNs = 0;
  for (const thread of readdirSync('/proc/self/task')) {
    const folder = `/proc/self/task/${thread}`;
    if (readFileSync(`${folder}/comm`, 'utf8').trim() === name) cpuNs += readStat(`${folder}/stat`).cpuNs;
  }
  return cpuNs;
}

function readStat(path: string): Pick<Usage, 'cpuNs' | 'rssBytes'> {
  const stat = readFileSync(path, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number);
  return { cpuNs: ((user ?? 0) + (system ?? 0)) * TICK_NS, rssBytes: (pages ?? 0) * PAGE_BYTES };
}

/** Percent of one core, from one moment to another. */
export function cpuPercent(before: Usage, after: Usage): number {
  return ((after.cpuNs - before.cpuNs) / (after.wallNs - before.wallNs)) * 100;
}
