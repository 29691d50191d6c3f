/** What policies would cost a fleet, before they are switched on. */

import type { Draft } from './draft.js';
import { coverageOf } from './ecmp.js';
import { type Host, hostOf } from './host.js';
import type { Member } from './member.js';
import { type Policy, type PolicyMode, policyName } from './policy.js';
import { type PlannedPolicy, ProbingPlan } from './probing-plan.js';
import type { Settings } from './settings.js';
import type { Topology } from './topology.js';
import { probeWireBytes } from './wire-bytes.js';

const MS_PER_SECOND = 1000;

/** Over the agents, those without any target included. */
export interface Spread {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

export interface FleetCost {
  readonly agents: number;
  /** Of each agent's list. */
  readonly targets: Spread;
  /** Sent by each agent, and by all. No limit of the agents is applied (`max_rate`, 10 ms a pair). */
  readonly probesPerSecond: Spread;
  readonly totalProbesPerSecond: number;
  /** Of IP packets: the probes of each agent and their answers. Its network card carries those of others' probes too. */
  readonly bytesPerSecond: Spread;
  readonly totalBytesPerSecond: number;
  /** In the order of the policies. */
  readonly policies: readonly PolicyCost[];
}

/** Targets that another policy probes more often count there. */
export interface PolicyCost {
  readonly name: string;
  readonly mode: PolicyMode;
  readonly targets: number;
  readonly probesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Undefined when the number of ways is not known, or no two hosts under different ToRs probe each other. */
  readonly coverage: PolicyCoverage | undefined;
}

/** Of the ordered pair of ToRs with the fewest paths. */
export interface PolicyCoverage {
  /** Number of equal-cost ways between two ToRs. */
  readonly ways: number;
  /** Paths between the hosts of the two. */
  readonly paths: number;
  /** That each way is taken by one of the paths. */
  readonly probability: number;
}

export interface CostOptions {
  readonly topology?: Topology;
  /** Equal-cost ways between two ToRs, for policies whose paths are a number. */
  readonly ways?: number;
}

/** Takes time in proportion to the targets of all agents. */
export function fleetCost(
  policies: readonly Policy[],
  members: readonly Member[],
  { topology, ways }: CostOptions = {},
): FleetCost {
  const plan = new ProbingPlan(policies);
  const hosts = members.map((member) => hostOf(member, topology));
  for (const host of hosts) plan.add(host);
  const all = new Ends();
  const perAgent = hosts.map((host) => {
    const own = new Ends();
    own.addAll(plan.draft(host, 0));
    all.addEnds(own);
    return own.load();
  });
  const total = all.load();
  return {
    agents: hosts.length,
    targets: spreadOf(
      perAgent.map(({ targets }) => targets),
      total.targets,
    ),
    probesPerSecond: spreadOf(
      perAgent.map(({ probesPerSecond }) => probesPerSecond),
      total.probesPerSecond,
    ),
    totalProbesPerSecond: total.probesPerSecond,
    bytesPerSecond: spreadOf(
      perAgent.map(({ bytesPerSecond }) => bytesPerSecond),
      total.bytesPerSecond,
    ),
    totalBytesPerSecond: total.bytesPerSecond,
    policies: plan.policies.map((policy, index) => ({
      name: policyName(policy.policy),
      mode: policy.policy.mode,
      ...all.load(index),
      coverage: coverage(policy.paths.ways ?? ways, fewestPaths(policy, hosts)),
    })),
  };
}

interface Load {
  readonly targets: number;
  readonly probesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** How many ends are probed with which settings. Counted first and multiplied last: sums of fractions would be off. */
class Ends {
  readonly #counts = new Map<Settings, { ipv4: number; ipv6: number }>();

  addAll({ ends, settings }: Draft): void {
    ends.forEach(({ ipv4, ipv6 }, i) => {
      const by = settings[i];
      if (by !== undefined) this.#add(by, ipv4, ipv6);
    });
  }

  addEnds(other: Ends): void {
    for (const [settings, { ipv4, ipv6 }] of other.#counts) this.#add(settings, ipv4, ipv6);
  }

  /** Of all of them, or of those with the settings of one policy. */
  load(policy?: number): Load {
    const load = { targets: 0, probesPerSecond: 0, bytesPerSecond: 0 };
    for (const [settings, { ipv4, ipv6 }] of this.#counts) {
      const { transport, intervalMs, payloadBytes } = settings;
      if (policy !== undefined && settings.policy !== policy) continue;
      const bytes =
        ipv4 * probeWireBytes(transport, 4, payloadBytes) + ipv6 * probeWireBytes(transport, 6, payloadBytes);
      load.targets += ipv4 + ipv6;
      load.probesPerSecond += ((ipv4 + ipv6) * MS_PER_SECOND) / intervalMs;
      load.bytesPerSecond += (bytes * MS_PER_SECOND) / intervalMs;
    }
    return load;
  }

  #add(settings: Settings, ipv4: number, ipv6: number): void {
    const counts = this.#counts.get(settings);
    if (counts === undefined) this.#counts.set(settings, { ipv4, ipv6 });
    else {
      counts.ipv4 += ipv4;
      counts.ipv6 += ipv6;
    }
  }
}

/** Between any two ToRs that probe each other; undefined when none do. */
function fewestPaths(policy: PlannedPolicy, hosts: readonly Host[]): number | undefined {
  let fewest = Number.POSITIVE_INFINITY;
  for (const source of hosts) {
    policy.visit(source, (_, pairs) => {
      if (pairs > 0) fewest = Math.min(fewest, pairs * policy.paths.perPair(pairs));
    });
  }
  return Number.isFinite(fewest) ? fewest : undefined;
}

function coverage(ways: number | undefined, paths: number | undefined): PolicyCoverage | undefined {
  if (ways === undefined || paths === undefined) return undefined;
  return { ways, paths, probability: coverageOf(ways, paths) };
}

/** All zero for nobody. `total` is their sum, which added up would be off. */
function spreadOf(values: readonly number[], total: number): Spread {
  if (values.length === 0) return { min: 0, mean: 0, max: 0 };
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { min, mean: total / values.length, max };
}
