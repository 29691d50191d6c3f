/** What `weft controller plan` says, as it stands in its JSON. */

import { type CostOptions, type FleetCost, fleetCost, type Spread } from '../../core/pinglist/generate/cost.js';
import { PinglistGenerator } from '../../core/pinglist/generate/generator.js';
import type { Member } from '../../core/pinglist/generate/member.js';
import type { Policy } from '../../core/pinglist/generate/policy.js';
import { type Fleet, type FleetShape, shapeOf } from './fleet.js';

const MS_PER_HOUR = 3_600_000;
const US_PER_MS = 1000;

/** Of the agents, and of all of them together. */
export interface Share extends Spread {
  readonly total: number;
}

export interface Plan {
  readonly fleet: FleetShape & { readonly simulated: boolean; readonly agents: number };
  readonly targets: Share;
  readonly probes_per_second: Share;
  /** Of IP packets: the probes of an agent and their answers. */
  readonly bytes_per_second: Share;
  readonly policies: readonly PolicyPlan[];
  readonly max_rate: {
    /** Probes a second. */
    readonly limit: number;
    /** By what the busiest agent would stretch its intervals; 1 = not at all. */
    readonly stretch: number;
  };
  /** CPU time that it took here to make the lists of all agents once, as JSON, from nothing. */
  readonly generation_ms: number;
}

export interface PolicyPlan {
  readonly name: string;
  readonly mode: string;
  /** Of all agents. What another policy probes more often counts there. */
  readonly targets: number;
  readonly probes_per_second: number;
  readonly bytes_per_second: number;
  /** Of the pair of ToRs with the fewest paths; null when nothing is known of the ways between ToRs. */
  readonly coverage: { readonly ways: number; readonly paths: number; readonly probability: number } | null;
}

export interface PlanOptions extends Pick<CostOptions, 'ways'> {
  readonly maxRate: number;
}

/** Takes time in proportion to the targets of all agents. */
export function planFor(policies: readonly Policy[], { simulated, members }: Fleet, options: PlanOptions): Plan {
  const { maxRate, ...costOptions } = options;
  const cost = fleetCost(policies, members, costOptions);
  return {
    fleet: { simulated, agents: cost.agents, ...shapeOf(members) },
    targets: { ...cost.targets, total: sum(cost.policies.map(({ targets }) => targets)) },
    probes_per_second: { ...cost.probesPerSecond, total: cost.totalProbesPerSecond },
    bytes_per_second: { ...cost.bytesPerSecond, total: cost.totalBytesPerSecond },
    policies: cost.policies.map(policyPlan),
    max_rate: { limit: maxRate, stretch: Math.max(1, cost.probesPerSecond.max / maxRate) },
    generation_ms: generationMs(policies, members),
  };
}

function policyPlan({ name, mode, targets, ...cost }: FleetCost['policies'][number]): PolicyPlan {
  return {
    name,
    mode,
    targets,
    probes_per_second: cost.probesPerSecond,
    bytes_per_second: cost.bytesPerSecond,
    coverage: cost.coverage ?? null,
  };
}

function generationMs(policies: readonly Policy[], members: readonly Member[]): number {
  const start = process.cpuUsage();
  const generator = new PinglistGenerator(policies);
  for (const member of members) generator.set(member);
  // Any hour: none costs more than another but the first, in which no path has moved on yet.
  for (const { id } of members) generator.list(id, MS_PER_HOUR)?.json();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / US_PER_MS;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
