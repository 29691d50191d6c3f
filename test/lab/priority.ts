/** Guests that run before all else on this machine: what is measured in them is then theirs, not their neighbours'. */

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { Guest } from './guest.js';

/**
 * Runs `work` while the guests' QEMU is scheduled in real time (SCHED_RR, sched(7)). Nice values are not enough: they count
 * within a session only where the kernel groups sessions. Not for guests that compute without end: they would stop this
 * machine. Where that is not allowed (CAP_SYS_NICE) they stay as they are, which is as good on a quiet machine.
 */
export async function beforeAllElse<T>(guests: readonly Guest[], t: TestContext, work: () => Promise<T>): Promise<T> {
  try {
    for (const { pid } of guests) setRealTime(pid);
  } catch (error) {
    t.diagnostic(`without real-time scheduling: ${(error as Error).message}`);
  }
  try {
    return await work();
  } finally {
    for (const { pid } of guests) chrt('--all-tasks', '--other', '--pid', '0', String(pid));
  }
}

/** QEMU's first thread carries the packets: were it not above its processors, they would wait for one another. */
function setRealTime(pid: number): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    chrt('--rr', '--pid', Number(thread) === pid ? '2' : '1', thread);
  }
}

function chrt(...args: string[]): void {
  execFileSync('chrt', args, { stdio: 'pipe' });
}
