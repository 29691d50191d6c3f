/**
 * A controller with its embedded store and 10 000 agents: what their heartbeats and fetches cost, whether one that joins is on
 * every list that must have it, and whether the figures of `weft controller plan` are those of the lists that were fetched.
 * How long the lists take to make is the matter of pinglists.ts.
 */

import type { BenchOptions, BenchRow } from './bench-row.js';
import { ControllerLoad, type FirstLists, type Joining, type SteadyLoad } from './controller-load.js';
import { AGENT_TOKEN, ControllerProcess, type PlanFigures } from './controller-process.js';
import { cpuPercent, type Usage } from './process-usage.js';

const POLICIES = [
  { mode: 'tor-mesh', interval: '1s' },
  { mode: 'inter-tor', interval: '10s' },
] as const;

const BUDGET_AGENTS = 10_000;
const MAX_CPU_PERCENT = 30;
const MAX_RSS_MB = 400;
const MAX_PLAN_S = 10;
const USAGE_EVERY_MS = 1000;
/** Plan and bench add the same fractions up in another order. */
const ROUNDING = 1e-9;

interface Course {
  readonly lists: FirstLists;
  readonly load: SteadyLoad;
  readonly joining: Joining;
  readonly before: Usage;
  readonly after: Usage;
  readonly maxRssBytes: number;
}

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const agents = quick ? 1000 : BUDGET_AGENTS;
  const controller = await ControllerProcess.start(POLICIES);
  try {
    const course = await observe(controller, agents, quick);
    const plan = await controller.plan(agents);
    return [...loadRows(agents, course), ...planRows(agents, plan, course.lists)];
  } finally {
    await controller.stop();
  }
}

async function observe(controller: ControllerProcess, agents: number, quick: boolean): Promise<Course> {
  const load = new ControllerLoad({
    url: controller.url,
    token: AGENT_TOKEN,
    agents,
    rampMs: quick ? 3000 : 20_000,
    settleMs: quick ? 1000 : 5000,
    measureMs: quick ? 10_000 : 40_000,
    sample: 1000,
  });
  let maxRssBytes = 0;
  const watch = setInterval(() => {
    maxRssBytes = Math.max(maxRssBytes, controller.usage().rssBytes);
  }, USAGE_EVERY_MS);
  try {
    await load.registered();
    const lists = await load.firstLists();
    await load.settled();
    const before = controller.usage();
    const steady = await load.steady();
    const after = controller.usage();
    return { lists, load: steady, joining: await load.joined(), before, after, maxRssBytes };
  } finally {
    clearInterval(watch);
    await load.stop();
  }
}

function loadRows(agents: number, course: Course): BenchRow[] {
  const { lists, load, joining, before, after, maxRssBytes } = course;
  const name = (what: string): string => nameOf(agents, what);
  const judged = agents === BUDGET_AGENTS;
  const cpu = cpuPercent(before, after);
  const rss = maxRssBytes / 1e6;
  const seconds = (after.wallNs - before.wallNs) / 1e9;
  return [
    {
      name: name('CPU, steady'),
      value: cpu,
      unit: '% of a core',
      ...(judged && { budget: '≤ 30 %', ok: cpu <= MAX_CPU_PERCENT }),
    },
    {
      name: name('RSS, highest'),
      value: rss,
      unit: 'MB',
      ...(judged && { budget: '≤ 400 MB', ok: rss <= MAX_RSS_MB }),
    },
    { name: name('heartbeats and fetches'), value: (load.heartbeats + load.fetches) / seconds, unit: '/s' },
    { name: name('fetches answered with 304'), value: (load.notModified / load.fetches) * 100, unit: '%' },
    { name: name('fetch, steady, p50'), value: load.latencyMs.p50, unit: 'ms' },
    { name: name('fetch, steady, p99'), value: load.latencyMs.p99, unit: 'ms' },
    { name: name('fetch of a whole list, p50'), value: lists.latencyMs.p50, unit: 'ms' },
    { name: name('fetch of a whole list, p99'), value: lists.latencyMs.p99, unit: 'ms' },
    {
      ...equalRow(
        name(`lists with a new agent, ${joining.asked.toLocaleString('en-US')} asked`),
        joining.holding,
        joining.expected,
        'lists',
        'at the next fetch',
      ),
      ok: joining.holding === joining.expected && joining.strangers === 0,
    },
  ];
}

function planRows(
  agents: number,
  { figures, seconds }: { readonly figures: PlanFigures; readonly seconds: number },
  lists: FirstLists,
): BenchRow[] {
  const name = (what: string): string => `plan, ${agents.toLocaleString('en-US')} agents: ${what}`;
  const { targets, probes_per_second: probes } = figures;
  const equal = (what: string, planned: number, fetched: number, unit: string): BenchRow =>
    equalRow(name(what), planned, fetched, unit, '= fetched');
  return [
    { name: name('answer'), value: seconds, unit: 's', budget: '≤ 10 s', ok: seconds <= MAX_PLAN_S },
    equal('targets of an agent, least', targets.min, lists.targets.min, 'targets'),
    equal('targets of an agent, mean', targets.mean, lists.targets.mean, 'targets'),
    equal('targets of an agent, most', targets.max, lists.targets.max, 'targets'),
    equal('targets in all', targets.total, lists.targets.total, 'targets'),
    equal('probes of an agent, mean', probes.mean, lists.probesPerSecond.mean, '/s'),
    equal('probes of an agent, most', probes.max, lists.probesPerSecond.max, '/s'),
    equal('probes in all', probes.total, lists.probesPerSecond.total, '/s'),
  ];
}

function equalRow(name: string, value: number, limit: number, unit: string, budget: string): BenchRow {
  return { name, value, limit, ratio: value / limit, unit, budget, ok: Math.abs(value / limit - 1) <= ROUNDING };
}

function nameOf(agents: number, what: string): string {
  return `controller, ${agents.toLocaleString('en-US')} agents: ${what}`;
}
