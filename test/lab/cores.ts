/** Guests that keep to a core each: two QEMU that are moved between cores disturb one another more than a message takes. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Guest } from './guest.js';

/** Runs `work` with all threads of each guest's QEMU on one core, the guests in turn on those that there are. */
export async function onCoresOfTheirOwn<T>(guests: readonly Guest[], work: () => Promise<T>): Promise<T> {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const cores = numbersOf(allowed);
  for (const [i, guest] of guests.entries()) keepTo(guest, String(cores[i % cores.length]));
  try {
    return await work();
  } finally {
    for (const guest of guests) keepTo(guest, allowed);
  }
}

function keepTo(guest: Guest, cores: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(guest.pid)], { stdio: 'pipe' });
}

/** `0-2,5` is 0, 1, 2, 5. */
function numbersOf(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
