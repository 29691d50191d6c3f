/** What `weft controller plan` takes, beside the configuration that `weft controller` takes. */

import type { Command } from 'commander';
import { examples, integerArgument } from '../arguments.js';
import type { ExitCode } from '../exit-codes.js';
import { CLOS_DEFAULTS, MAX_PLANNED_AGENTS } from './defaults.js';

const MAX_SHAPE = 100_000;
/** As in a policy. */
const MAX_WAYS = 4096;
const DEFAULT_MAX_RATE = 10_000;
const MAX_MAX_RATE = 10_000_000;

export function addPlan(controller: Command, finish: (code: ExitCode) => void): void {
  const shape = integerArgument(1, MAX_SHAPE);
  controller
    .command('plan')
    .description('what the policies would cost: targets, probes and bytes a second, ECMP coverage; nothing is started')
    .option(
      '--agents <n>',
      'of a simulated Clos fleet (default: the topology file)',
      integerArgument(1, MAX_PLANNED_AGENTS),
    )
    .option('--hosts-per-tor <n>', `of the simulated fleet (default: ${CLOS_DEFAULTS.hostsPerTor})`, shape)
    .option('--tors-per-pod <n>', `of the simulated fleet (default: ${CLOS_DEFAULTS.torsPerPod})`, shape)
    .option(
      '--pods-per-dc <n>',
      'of the simulated fleet, at most; its DCs are of equal size (default: all pods in one DC)',
      shape,
    )
    .option(
      '--ecmp <n>',
      'equal-cost ways between two ToRs, for policies that do not say',
      integerArgument(1, MAX_WAYS),
    )
    .option(
      '--max-rate <n>',
      'probes a second that agents allow themselves: their `max_rate`',
      integerArgument(1, MAX_MAX_RATE),
      DEFAULT_MAX_RATE,
    )
    .option('--json', 'print JSON')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      examples(
        'weft controller plan -c controller.yaml --agents 10000',
        'weft controller plan -c controller.yaml --json | jq .probes_per_second.total',
      ),
    )
    .action(async (_, command: Command) =>
      finish(await (await import('../commands/controller-plan.js')).plan(command.optsWithGlobals())),
    );
}
