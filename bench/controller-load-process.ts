/**
 * Simulates the agents of a Clos fleet against one controller: node controller-load-process.js PLAN (JSON of LoadPlan).
 * Prints a line of JSON at the end of each phase and ends with the last one, or with an error at the first request that
 * fails.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { closFleet } from '../core/pinglist/generate/clos.js';
import type { Member } from '../core/pinglist/generate/member.js';
import {
  type FirstLists,
  type Joining,
  type Latency,
  type LoadPlan,
  MAX_AGENTS,
  MAX_STEADY_MS,
  type Share,
  type SteadyLoad,
} from './controller-load.js';
import { loopbackAddress } from './loopback.js';
import { closeConnections, type FetchedList, SimulatedAgent } from './simulated-agent.js';
import { quantile } from './statistics.js';

const HOSTS_PER_TOR = 40;
/** Between two heartbeats and between two fetches of an agent, and how far off each may be. */
const PERIOD_MS = 60_000;
const JITTER = 0.1;

const plan: LoadPlan = JSON.parse(process.argv[2] ?? '');
if (plan.agents > MAX_AGENTS || plan.settleMs + plan.measureMs > MAX_STEADY_MS)
  throw new RangeError('too long or too many');
const fleet = closFleet({ hosts: plan.agents, hostsPerTor: HOSTS_PER_TOR });
const agents = fleet.map((member, index) => simulate(member, index));

await spread(agents, (agent) => agent.register());
report({ agents: agents.length });
report(await firstLists());
await steadyLoad();
report(await join());
closeConnections();

function simulate(member: Member, index: number): SimulatedAgent {
  return new SimulatedAgent(member, plan, loopbackAddress(index));
}

/** One after the other, evenly over the time of the ramp; none waits for another. */
async function spread<T>(those: readonly SimulatedAgent[], act: (agent: SimulatedAgent) => Promise<T>): Promise<T[]> {
  const gapMs = plan.rampMs / those.length;
  return Promise.all(those.map((agent, index) => delay(index * gapMs).then(() => act(agent))));
}

async function firstLists(): Promise<FirstLists> {
  const fetched = await spread(agents, async (agent) => {
    const { list, ms } = await agent.fetch();
    if (list === undefined) throw new Error(`${agent.id} has no list yet and was told that it is the same`);
    return { ms, targets: list.destinations.length, probesPerSecond: rateOf([list]), intervalsMs: list.intervalsMs };
  });
  const targets = fetched.map((one) => one.targets);
  return {
    targets: share(
      targets,
      targets.reduce((sum, count) => sum + count, 0),
    ),
    probesPerSecond: share(
      fetched.map((one) => one.probesPerSecond),
      rateOf(fetched),
    ),
    latencyMs: latency(fetched.map(({ ms }) => ms)),
  };
}

/** Probes a second. Equal intervals are counted before anything is divided: a sum of fractions would be off. */
function rateOf(lists: readonly Pick<FetchedList, 'intervalsMs'>[]): number {
  const counts = new Map<number, number>();
  for (const { intervalsMs } of lists) for (const ms of intervalsMs) counts.set(ms, (counts.get(ms) ?? 0) + 1);
  return [...counts].reduce((sum, [ms, count]) => sum + (count * 1000) / ms, 0);
}

/** Every agent at a phase of its own, as in a fleet that has been running for long. */
async function steadyLoad(): Promise<void> {
  const counts = { heartbeats: 0, notModified: 0, fetchMs: [] as number[] };
  const running = { stopped: false };
  for (const agent of agents) {
    periodically(running, async () => {
      await agent.register();
      counts.heartbeats++;
    });
    periodically(running, async () => {
      const { list, ms } = await agent.fetch();
      if (list === undefined) counts.notModified++;
      counts.fetchMs.push(ms);
    });
  }
  await delay(plan.settleMs);
  Object.assign(counts, { heartbeats: 0, notModified: 0, fetchMs: [] });
  report({});
  await delay(plan.measureMs);
  const { heartbeats, notModified, fetchMs } = counts;
  running.stopped = true;
  report({ heartbeats, fetches: fetchMs.length, notModified, latencyMs: latency(fetchMs) } satisfies SteadyLoad);
}

function periodically(running: { readonly stopped: boolean }, act: () => Promise<void>): void {
  const after = (ms: number): void => {
    setTimeout(async () => {
      if (running.stopped) return;
      after(PERIOD_MS * (1 + JITTER * (2 * Math.random() - 1)));
      await act();
    }, ms).unref();
  };
  after(PERIOD_MS * Math.random());
}

/**
 * The newcomer is the first of its ToR by id. So its neighbours have to probe it, and of every other ToR the first host.
 * Said here by hand: the generator is not to be its own judge.
 */
async function join(): Promise<Joining> {
  const neighbour = fleet[HOSTS_PER_TOR];
  const before = fleet[HOSTS_PER_TOR - 1];
  if (neighbour === undefined || before === undefined) throw new RangeError('expected two ToRs at least');
  // Sorts after the last host of the ToR before and ahead of the first one of this.
  const newcomer = {
    ...neighbour,
    id: `${before.id}-new`,
    endpoints: closFleet({ hosts: plan.agents + 1 }).at(-1)?.endpoints ?? [],
  };
  await simulate(newcomer, plan.agents).register();
  const isExpected = (_: unknown, i: number): boolean => i % HOSTS_PER_TOR === 0 || Math.floor(i / HOSTS_PER_TOR) === 1;
  const others = agents.filter((_, i) => !isExpected(_, i));
  const step = Math.max(1, Math.floor(others.length / plan.sample));
  const holds = async (agent: SimulatedAgent): Promise<boolean> =>
    (await agent.fetch()).list?.destinations.includes(newcomer.id) ?? false;
  const expected = await spread(agents.filter(isExpected), holds);
  const strangers = await spread(
    others.filter((_, i) => i % step === 0),
    holds,
  );
  return {
    asked: expected.length + strangers.length,
    expected: expected.length,
    holding: expected.filter(Boolean).length,
    strangers: strangers.filter(Boolean).length,
  };
}

function share(values: readonly number[], total: number): Share {
  const sorted = [...values].sort((a, b) => a - b);
  return { min: sorted[0] ?? 0, mean: total / values.length, max: sorted.at(-1) ?? 0, total };
}

function latency(values: readonly number[]): Latency {
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99) };
}

function report(figures: object): void {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
