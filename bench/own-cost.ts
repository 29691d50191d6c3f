/** What this process costs, for benches that run what they measure in their own process. */

export function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}

/** After a collection, where Node was told to expose it. */
export function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

/**
 * The most CPU time between two turns of the event loop while `work` goes on. Not the time that passed, which on a busy
 * machine is that of other processes.
 */
export async function longestStretchMs(work: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let last = process.cpuUsage();
  let isDone = false;
  const turn = (): void => {
    longestMs = Math.max(longestMs, cpuMsSince(last));
    last = process.cpuUsage();
    if (!isDone) setTimeout(turn, 1);
  };
  setTimeout(turn, 1);
  await work();
  isDone = true;
  return longestMs;
}
