/** `weft controller plan`: what the policies of a file would cost, before an agent probes by them. */

import { readTopology } from '../../controller/topology.js';
import { WeftError } from '../../core/errors.js';
import { transportsOf } from '../../core/pinglist/generate/settings.js';
import { type ConfigSource, readConfig } from '../config.js';
import { controllerConfig } from '../controller.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { type FleetOptions, plannedFleet } from '../plan/fleet.js';
import { planFor } from '../plan/plan.js';
import { planText } from '../plan/report.js';

export interface PlanOptions extends ConfigSource, FleetOptions {
  readonly ecmp?: number;
  readonly maxRate: number;
  readonly json?: boolean;
  /** An option of `weft controller` only. */
  readonly watchConfig?: boolean;
}

export async function plan(options: PlanOptions): Promise<ExitCode> {
  if (options.watchConfig === true) throw new WeftError('WEFT_USAGE', 'a plan is made once: leave out --watch-config');
  const { policies, topology: file } = controllerConfig(await readConfig(options));
  const topology = file === undefined ? undefined : await readTopology(file);
  const { agents, hostsPerTor, torsPerPod, podsPerDc, ecmp: ways, maxRate } = options;
  const transports = [...new Set(policies.flatMap(transportsOf))];
  const fleet = plannedFleet({ agents, hostsPerTor, torsPerPod, podsPerDc }, topology, transports);
  const result = planFor(policies, fleet, { maxRate, ...(ways !== undefined && { ways }) });
  process.stdout.write(options.json === true ? `${JSON.stringify(result, undefined, 2)}\n` : planText(result));
  return EXIT.ok;
}
