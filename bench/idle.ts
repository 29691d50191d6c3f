/** An agent that has nothing to probe: it listens, gathers its self-metrics and is scraped now and then. */

import { setTimeout as delay } from 'node:timers/promises';
import { AgentProcess } from './agent-process.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { cpuPercent } from './process-usage.js';

const MAX_CPU_PERCENT = 0.5;
const MAX_RSS_MB = 80;
const UNUSED_PORT = 862;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const agent = await AgentProcess.start({ transport: 'udp', count: 0, port: UNUSED_PORT });
  try {
    // The garbage of the start is collected in the first half minute.
    await delay(quick ? 1000 : 40_000);
    const before = agent.usage();
    await delay(quick ? 5000 : 30_000);
    const after = agent.usage();
    const cpu = cpuPercent(before, after);
    const rss = after.rssBytes / 1e6;
    return [
      { name: 'idle agent: CPU', value: cpu, unit: '% of a core', budget: '≤ 0.5 %', ok: cpu <= MAX_CPU_PERCENT },
      { name: 'idle agent: RSS', value: rss, unit: 'MB', budget: '≤ 80 MB', ok: rss <= MAX_RSS_MB },
    ];
  } finally {
    await agent.stop();
  }
}
