/** What CPU time a controller pays for the pinglists of a large fleet: made, asked for again, and after one host has changed. */

import { closFleet } from '../core/pinglist/generate/clos.js';
import { PinglistGenerator } from '../core/pinglist/generate/generator.js';
import type { Member } from '../core/pinglist/generate/member.js';
import type { Policy } from '../core/pinglist/generate/policy.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { median } from './statistics.js';

const HOSTS = 10_000;
const HOUR_MS = 3_600_000;
const BUDGET_MS = 2000;
const COMMON = { transport: 'udp', dscp: 0, select: {} } as const;
/** 39 targets under the own ToR and 249 under the others. */
const POLICIES: readonly Policy[] = [
  { mode: 'tor-mesh', ...COMMON, interval: 1000, paths: 1 },
  { mode: 'inter-tor', ...COMMON, interval: 10_000, paths: { ecmp: 16, coverage: 0.99 } },
];

export function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const rounds = quick ? 3 : 9;
  const fleet = closFleet({ hosts: HOSTS, hostsPerTor: 40 });
  const generator = new PinglistGenerator(POLICIES);
  const filling = cpuMs(() => {
    for (const member of fleet) generator.set(member);
  });
  const made: number[] = [];
  const again: number[] = [];
  const changing: number[] = [];
  const changed: number[] = [];
  for (let hour = 0; hour < rounds; hour++) {
    // Another hour, another list for everybody: nothing is kept from the round before.
    made.push(cpuMs(() => allLists(generator, fleet, hour * HOUR_MS)));
    again.push(cpuMs(() => allRevisions(generator, fleet, hour * HOUR_MS)));
    changing.push(cpuMs(() => changeOne(generator, fleet, hour)));
    changed.push(cpuMs(() => allRevisions(generator, fleet, hour * HOUR_MS)));
  }
  const all = median(made);
  return Promise.resolve([
    { name: `${HOSTS} hosts registered`, value: filling, unit: 'ms' },
    { name: 'all lists as JSON', value: all, unit: 'ms', budget: `≤ ${BUDGET_MS} ms`, ok: all <= BUDGET_MS },
    { name: 'a list that did not change', value: (median(again) * 1e6) / HOSTS, unit: 'ns' },
    { name: 'one host changes', value: median(changing) * 1e3, unit: 'µs' },
    { name: 'all revisions after that', value: median(changed), unit: 'ms' },
  ]);
}

function allLists(generator: PinglistGenerator, fleet: readonly Member[], nowMs: number): void {
  for (const { id } of fleet) generator.list(id, nowMs)?.json();
}

function allRevisions(generator: PinglistGenerator, fleet: readonly Member[], nowMs: number): void {
  for (const { id } of fleet) generator.list(id, nowMs);
}

function changeOne(generator: PinglistGenerator, fleet: readonly Member[], round: number): void {
  const member = fleet[(round * 997) % fleet.length];
  if (member !== undefined) generator.set({ ...member, labels: { ...member.labels, round: String(round) } });
}

/** Of all threads, so that the work of the garbage collector is in it. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
