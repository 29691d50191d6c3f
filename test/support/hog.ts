/** Processes that burn CPU, to see what a measurement is worth on a host that is busy with something else. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

export interface Hogs {
  stop(): Promise<void>;
}

/**
 * Starts `perCore` busy loops for every core. Each ends by itself after `maxCpuSeconds` of CPU time and with its parent,
 * whatever happens to the caller.
 */
export async function startHogs(perCore: number, maxCpuSeconds: number): Promise<Hogs> {
  const script = `ulimit -t ${maxCpuSeconds}; while :; do :; done`;
  const children = Array.from({ length: perCore * availableParallelism() }, () =>
    spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', script], { stdio: 'ignore' }),
  );
  const ends = children.map((child) => once(child, 'exit'));
  await Promise.all(children.map((child) => once(child, 'spawn')));
  return {
    async stop() {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ends);
    },
  };
}
