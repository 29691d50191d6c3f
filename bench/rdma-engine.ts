/**
 * The RDMA engine over the fake verbs library, driven straight through the native door, next to a C loop of the same
 * verbs calls over the same library in the same run: prober and reflector together, without the library's own thread.
 * Rounds alternate between the two and the median counts. What is left when all probes have ended says whether a
 * completion was lost or a slot leaked. With --soak a long run shows that memory stays flat.
 */

import { fileURLToPath } from 'node:url';
import { type FakeDevices, type FakeVerbs, startFakeVerbs } from '../test/support/fake-verbs.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { RdmaLoop } from './c-loop.js';
import { JsonChild } from './child.js';
import { readUsage } from './process-usage.js';
import { type RdmaPlan, type RdmaResult, RECEIVE_SLOTS } from './rdma-plan.js';
import { median, slope } from './statistics.js';

const RATE = 10_000;
const TARGETS = 1000;
const INTERVAL_US = (TARGETS / RATE) * 1e6;
const WARM_UP_MS = 1000;
const MAX_CPU_RATIO = 1.5;
const SAMPLE_MS = 250;
const DEVICES = 'devices=2';
const COUNTS = [
  'dropped_no_receive',
  'qps',
  'outstanding_receives',
  'outstanding_sends',
  'unpolled_completions',
  'misuse',
] as const;
const SCRIPT = fileURLToPath(new URL('./rdma-engine-process.js', import.meta.url));

interface Run extends RdmaResult {
  /** Resident set of the process while it measured, in order. */
  readonly rssMb: readonly (readonly [minute: number, mb: number])[];
  readonly left: Left;
}

/** What was not as it should be when every probe had ended. */
interface Left {
  /** Messages lost because a receive queue ran empty or the reflector had no slot: the process was paused. */
  readonly lostHere: number;
  /** Probes lost beyond that. */
  readonly unexplained: number;
  /** Receive slots that are not posted again, send slots and completions that are not taken back, misuse of verbs. */
  readonly slots: number;
}

export async function run({ quick, soakMinutes }: BenchOptions): Promise<BenchRow[]> {
  const cleanUp: (() => unknown)[] = [];
  try {
    const verbs = await startFakeVerbs({ after: (end) => cleanUp.push(end as () => unknown) }, DEVICES);
    const loop = await RdmaLoop.build(withoutControl(verbs));
    cleanUp.push(() => loop.dispose());
    const rows = await measure(verbs, loop, quick ? 1 : 5, quick ? 1500 : 5000);
    return soakMinutes > 0 ? [...rows, ...(await soak(verbs, soakMinutes))] : rows;
  } finally {
    for (const end of cleanUp.reverse()) await end();
  }
}

async function measure(verbs: FakeVerbs, loop: RdmaLoop, rounds: number, measureMs: number): Promise<BenchRow[]> {
  const limits: number[] = [];
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round++) {
    const raw = await loop.run({ probes: (RATE * measureMs) / 1000, rate: RATE });
    limits.push(raw.cpuNs / raw.completed);
    runs.push(await runEngine(verbs, measureMs));
  }
  const limit = median(limits);
  const value = median(runs.map(({ cpuNs, results }) => cpuNs / endedOf(results)));
  const ratio = value / limit;
  return [
    {
      name: 'RDMA engine: probes, 10 000/s asked',
      value: median(runs.map(({ results, wallNs }) => (endedOf(results) / wallNs) * 1e9)),
      unit: '/s',
    },
    {
      name: 'RDMA engine: CPU per probe, both ends, 10 000/s',
      ...{ value, limit, ratio, unit: 'ns', budget: '≤ 1.5 × C', ok: ratio <= MAX_CPU_RATIO },
    },
    {
      name: 'RDMA engine: network RTT, p99',
      value: median(runs.map(({ networkP99Ns }) => networkP99Ns)),
      unit: 'ns',
    },
    ...leftRows('RDMA engine', runs),
  ];
}

function leftRows(name: string, runs: readonly Run[]): BenchRow[] {
  const sum = (of: (left: Left) => number): number => runs.reduce((total, { left }) => total + of(left), 0);
  const unexplained = sum((left) => left.unexplained);
  const slots = sum((left) => left.slots);
  const rss = Math.max(...runs.flatMap(({ rssMb }) => rssMb.map(([, mb]) => mb)));
  return [
    { name: `${name}: messages lost while it was paused`, value: sum((left) => left.lostHere), unit: '' },
    { name: `${name}: probes lost otherwise`, value: unexplained, unit: '', budget: '0', ok: unexplained === 0 },
    { name: `${name}: slots and completions left`, value: slots, unit: '', budget: '0', ok: slots === 0 },
    { name: `${name}: RSS of its process, highest`, value: rss, unit: 'MB' },
  ];
}

/** The slope is that of the second half, when heaps and tables have found their size. */
async function soak(verbs: FakeVerbs, minutes: number): Promise<BenchRow[]> {
  const run = await runEngine(verbs, minutes * 60_000);
  const settled = run.rssMb.slice(Math.floor(run.rssMb.length / 2));
  const name = `RDMA engine, ${minutes} minutes`;
  return [...leftRows(name, [run]), { name: `${name}: RSS slope, second half`, value: slope(settled), unit: 'MB/min' }];
}

async function runEngine(verbs: FakeVerbs, measureMs: number): Promise<Run> {
  const plan: RdmaPlan = { targets: TARGETS, intervalUs: INTERVAL_US, warmUpMs: WARM_UP_MS, measureMs };
  const child = new JsonChild(process.execPath, [SCRIPT, JSON.stringify(plan)], verbs.env);
  const rssMb: (readonly [number, number])[] = [];
  const start = performance.now();
  const sampling = setInterval(() => {
    const elapsedMs = performance.now() - start;
    if (elapsedMs > WARM_UP_MS) rssMb.push([elapsedMs / 60_000, readUsage(child.pid).rssBytes / 1e6]);
  }, SAMPLE_MS);
  try {
    const devices = await verbs.next();
    const result = await child.next<RdmaResult>();
    return { ...result, rssMb, left: await leftOf(devices, result) };
  } finally {
    clearInterval(sampling);
    await child.dispose();
  }
}

async function leftOf(devices: FakeDevices, { sent, succeeded, dropped }: RdmaResult): Promise<Left> {
  const counts = await devices.counts('all', ...COUNTS);
  const of = (name: (typeof COUNTS)[number]): number => counts[name] ?? Number.NaN;
  const lostHere = of('dropped_no_receive') + dropped;
  const receivesGone = of('qps') * RECEIVE_SLOTS - of('outstanding_receives');
  return {
    lostHere,
    unexplained: Math.max(0, sent - succeeded - lostHere),
    slots: receivesGone + of('outstanding_sends') + of('unpolled_completions') + of('misuse'),
  };
}

/** The C loop is told nothing while it runs: `next` would take its devices for those of the engine. */
function withoutControl({ env: { WEFT_LIBIBVERBS, FAKE_VERBS } }: FakeVerbs): Record<string, string> {
  return { WEFT_LIBIBVERBS, FAKE_VERBS };
}

/** Probes that were sent and have ended. */
function endedOf(results: RdmaResult['results']): number {
  return (results.success ?? 0) + (results.timeout ?? 0) + (results.invalid ?? 0);
}
