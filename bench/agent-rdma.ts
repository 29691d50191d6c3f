/**
 * The whole agent at 10 000 RDMA targets that the fake verbs answer, one probe a second each, scraped every 10 s. The
 * library says what of the memory is its own. With --soak a long run shows that memory stays flat, and what is left of
 * queues and completions when the agent has stopped to probe.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_RECEIVE_SLOTS } from '../plugins/inputs/rdma-ud/config.js';
import { type FakeDevices, startFakeVerbs } from '../test/support/fake-verbs.js';
import { BUDGET_SIZE, observe, rowsOf, soak, windowsOf } from './agent.js';
import type { AgentProcess, AgentTargets } from './agent-process.js';
import type { BenchOptions, BenchRow } from './bench-row.js';

const SETTLE_DEADLINE_MS = 60_000;
const LOOK_MS = 200;
/** Until the counters of an engine are on the page: they are gathered each 10 s, and flushed each 10 s. */
const TOLD_MS = 25_000;
const COUNTS = ['qps', 'outstanding_receives', 'outstanding_sends', 'unpolled_completions', 'misuse'];

/** Its CPU is also that of the fake wire and of what answers there: there is no limit to compare it with. */
export async function run({ quick, soakMinutes }: BenchOptions): Promise<BenchRow[]> {
  const count = quick ? 1000 : BUDGET_SIZE;
  const cleanUp: (() => unknown)[] = [];
  try {
    const verbs = await startFakeVerbs(
      { after: (end) => cleanUp.push(end as () => unknown) },
      `devices=1,far_hosts=${count}`,
    );
    const targets: AgentTargets = { transport: 'rdma-ud', count, verbs: verbs.env };
    let fakeMb = Number.NaN;
    const course = await observe(targets, windowsOf(quick), async () => {
      fakeMb = await fakeMemoryMb(await verbs.next());
    });
    const name = `agent, ${count.toLocaleString('en-US')} RDMA targets: RSS that is the fake library's`;
    const rows = [...rowsOf('RDMA', count, course), { name, value: fakeMb, unit: 'MB' }];
    if (soakMinutes === 0) return rows;
    const soaked = await soak(targets, soakMinutes, async (what, agent) => leftRows(what, agent, await verbs.next()));
    return [...rows, ...soaked];
  } finally {
    for (const end of cleanUp.reverse()) await end();
  }
}

/** Of the process's resident set, that of the library: MB. */
async function fakeMemoryMb(devices: FakeDevices): Promise<number> {
  return (await devices.count('all', 'heap_bytes')) / 1e6;
}

/** Ends the probing and waits until all that was under way has come back, or should have. */
async function leftRows(name: string, agent: AgentProcess, devices: FakeDevices): Promise<BenchRow[]> {
  await agent.stopProbing();
  const deadline = performance.now() + SETTLE_DEADLINE_MS;
  let left = await leftOf(devices);
  while (left > 0 && performance.now() < deadline) {
    await delay(LOOK_MS);
    left = await leftOf(devices);
  }
  await delay(TOLD_MS);
  const { body } = await agent.scrape('text');
  const ended = ['success', 'timeout', 'invalid'].reduce((sum, result) => sum + engineTotal(body, result), 0);
  const sent = engineTotal(body, 'sent');
  const unended = sent - ended - engineTotal(body, 'failed_sends');
  return [
    { name: `${name}: probes sent`, value: sent, unit: '' },
    { name: `${name}: probes without an answer`, value: engineTotal(body, 'timeout'), unit: '' },
    { name: `${name}: messages lost while it was paused`, value: await lostOf(devices), unit: '' },
    { name: `${name}: probes without a result`, value: unended, unit: '', budget: '0', ok: unended === 0 },
    { name: `${name}: slots and completions left`, value: left, unit: '', budget: '0', ok: left === 0 },
  ];
}

/** Receive slots that are not posted, and what was not taken back. */
async function leftOf(devices: FakeDevices): Promise<number> {
  const counts = await devices.counts('all', ...COUNTS);
  const of = (count: string): number => counts[count] ?? Number.NaN;
  const receives = of('qps') * DEFAULT_RECEIVE_SLOTS - of('outstanding_receives');
  return receives + of('outstanding_sends') + of('unpolled_completions') + of('misuse');
}

function lostOf(devices: FakeDevices): Promise<number> {
  return devices.count('all', 'dropped_no_receive');
}

/** A counter of `weft_engine`, from a page in Prometheus' text format. */
function engineTotal(page: string, counter: string): number {
  const found = new RegExp(`^weft_engine_${counter}_total\\{[^}]*\\} (\\S+)`, 'm').exec(page);
  return Number(found?.[1] ?? Number.NaN);
}
