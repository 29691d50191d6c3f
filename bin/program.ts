/**
 * The command line: which commands there are, what they take, and what a mistake looks like. What a command does stands
 * in commands/ and is loaded when it runs, so that `weft run` holds nothing of `weft demo` in memory.
 */

import { Command, CommanderError, Option } from 'commander';
import { ConfigError, describeError, WeftError } from '../core/errors.js';
import { MIN_PAIR_INTERVAL_MS } from '../core/pinglist/limits.js';
import {
  choicesArgument,
  durationArgument,
  durationOption,
  examples,
  integerArgument,
  listArgument,
} from './arguments.js';
import { DEFAULT_FAULT, faultArgument } from './demo/fault.js';
import { DEMO_TRANSPORTS } from './demo/transports.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { addPing } from './ping/arguments.js';
import { addPlan } from './plan/arguments.js';
import type { Signals } from './signals.js';
import { VERSION } from './version.js';

const MAX_PORT = 65_535;
const MAX_DEMO_HOSTS = 64;

/** Commands that end gracefully on SIGINT and SIGTERM; for the others signals do what they always do. */
const LASTING_COMMANDS: readonly string[] = [
  'run',
  'controller',
  'test',
  'once',
  'ping udp',
  'ping tcp',
  'ping rdma-ud',
  'demo',
];

/** Runs `argv` and resolves to the code to exit with; never rejects. */
export async function main(argv: readonly string[], signals: Signals): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = createProgram(signals, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv);
    return code;
  } catch (error) {
    return reportFailure(error);
  }
}

function reportFailure(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  // Its message is one line per mistake, each beginning with its place: what editors and compilers' users expect.
  if (error instanceof ConfigError && error.issues.length > 0) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.usage;
  }
  process.stderr.write(`weft: ${describeError(error)}\n`);
  if (error instanceof ConfigError) return EXIT.usage;
  return error instanceof WeftError && error.code === 'WEFT_USAGE' ? EXIT.usage : EXIT.failure;
}

function createProgram(signals: Signals, finish: (code: ExitCode) => void): Command {
  const program = new Command('weft')
    .description('Observability agent for the network under a data centre: every host probes many others.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .showHelpAfterError('(-h shows what is accepted)')
    .hook('preAction', (_, command) => {
      if (!LASTING_COMMANDS.includes(nameOf(command, program))) signals.release();
    })
    .addHelpText(
      'after',
      '\nTo see it work: weft demo\nExit codes: 0 done, 1 it failed, 2 wrong command line or configuration',
    );
  addRun(program, signals, finish);
  addController(program, signals, finish);
  addConfigCommands(program, signals, finish);
  addCatalogueCommands(program, finish);
  addPing(program, signals, finish);
  addDemo(program, signals, finish);
  return program;
}

type Finish = (code: ExitCode) => void;

/** `ping udp`: with the commands it belongs to. */
function nameOf(command: Command, program: Command): string {
  const { parent } = command;
  return parent === null || parent === program ? command.name() : `${nameOf(parent, program)} ${command.name()}`;
}

function addRun(program: Command, signals: Signals, finish: Finish): void {
  withConfig(program.command('run').description('run the agent until SIGINT or SIGTERM; SIGHUP reloads'))
    .option('--watch-config', 'reload when a configuration file changes')
    .addOption(new Option('--exit-with-parent', 'stop when standard input closes').hideHelp())
    .addHelpText('after', examples('weft run -c /etc/weft/weft.yaml --watch-config', 'kill -HUP $(pidof weft)'))
    .action(async (options) => finish(await (await import('./commands/run.js')).run(options, signals)));
}

function addController(program: Command, signals: Signals, finish: Finish): void {
  const description = 'run the controller, and the inputs and outputs of its file; SIGHUP reloads';
  const controller = withConfig(program.command('controller').description(description))
    .option('--watch-config', 'reload when a configuration file changes')
    .addOption(new Option('--exit-with-parent', 'stop when standard input closes').hideHelp())
    .addHelpText('after', examples('weft controller -c /etc/weft/controller.yaml'))
    .action(async (options) => finish(await (await import('./commands/controller.js')).controller(options, signals)));
  addPlan(controller, finish);
}

function addConfigCommands(program: Command, signals: Signals, finish: Finish): void {
  withConfig(
    program.command('check').description('validate a configuration: its mistakes together, nothing is started'),
  )
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples('weft check -c weft.yaml', 'weft check -c weft.yaml --json | jq .issues'))
    .action(async (options) => finish(await (await import('./commands/check.js')).check(options)));

  withConfig(program.command('test').description('gather for one window and print the metrics; no output is touched'))
    .option('--json', 'print JSON lines instead of line protocol')
    .addHelpText('after', examples('weft test -c weft.yaml'))
    .action(async (options) => finish(await (await import('./commands/test.js')).test(options, signals)));

  withConfig(program.command('once').description('gather for one window, write to the outputs, end'))
    .addHelpText('after', examples('weft once -c weft.yaml'))
    .action(async (options) => finish(await (await import('./commands/once.js')).once(options, signals)));
}

function addCatalogueCommands(program: Command, finish: Finish): void {
  const kind = program
    .command('plugins')
    .description('list the plugins')
    .option('-c, --config <file>', 'also list the third-party plugins that this configuration names')
    .option('--json', 'print JSON')
    .addHelpText('after', examples('weft plugins outputs', 'weft plugins -c weft.yaml --json'));
  kind
    .addArgument(kind.createArgument('[kind]', 'only these').choices(['inputs', 'processors', 'outputs']))
    .action(async (only, options) =>
      finish(await (await import('./commands/plugins.js')).plugins({ ...options, kind: only })),
    );

  program
    .command('sample')
    .description('print a commented sample configuration')
    .option('--input <ids>', 'only these inputs (repeat, or separate by commas)', listArgument, [])
    .option('--output <ids>', 'only these outputs', listArgument, [])
    .addHelpText('after', examples('weft sample > weft.yaml', 'weft sample --input udp,pinglist --output prometheus'))
    .action(async (options) => finish(await (await import('./commands/sample.js')).sample(options)));

  program
    .command('devices')
    .description('list the RDMA devices of this host, their ports and GIDs, and say what keeps them from being used')
    .option('--json', 'print JSON')
    .addHelpText('after', examples('weft devices', "weft devices --json | jq '.devices[].name'"))
    .action(async (options) => finish(await (await import('./commands/devices.js')).devices(options)));

  program
    .command('version')
    .description('print the versions of weft, Node and the native addon')
    .option('--json', 'print JSON')
    .addHelpText('after', examples('weft version --json'))
    .action(async (options) => finish(await (await import('./commands/version.js')).version(options)));
}

function addDemo(program: Command, signals: Signals, finish: Finish): void {
  program
    .command('demo')
    .description('start a controller, several agents and the grid of their mesh on this machine, and draw it')
    .option('--hosts <n>', 'how many agents', integerArgument(2, MAX_DEMO_HOSTS), 8)
    .addOption(
      new Option('--transports <list>', 'what they probe with')
        .argParser(choicesArgument(DEMO_TRANSPORTS))
        .default(DEMO_TRANSPORTS, DEMO_TRANSPORTS.join(',')),
    )
    .addOption(durationOption('--interval <duration>', 'window of the agents: how often the grid changes', '1s', 1000))
    .addOption(
      durationOption('--probe-interval <duration>', 'between two probes of a pair', '100ms', MIN_PAIR_INTERVAL_MS),
    )
    .addOption(
      new Option(
        '--fault [kind:host:amount]',
        `loss:HOST:10%, delay:HOST:5ms or busy:HOST:5ms; alone: ${DEFAULT_FAULT}`,
      )
        .preset(DEFAULT_FAULT)
        .argParser(faultArgument),
    )
    .option('--base-port <port>', 'port of the reflectors, if free', integerArgument(1, MAX_PORT), 18_620)
    .option('--duration <duration>', 'end by itself after this time', durationArgument(1))
    .option('--json', 'print one JSON line a window instead of drawing')
    .addHelpText(
      'after',
      examples('weft demo', 'weft demo --fault', 'weft demo --hosts 4 --json --duration 20s | jq .totals.udp'),
    )
    .action(async (options) => finish(await (await import('./commands/demo.js')).demo(options, signals)));
}

function withConfig(command: Command): Command {
  return command
    .requiredOption('-c, --config <file>', 'configuration file (YAML)')
    .option('--config-directory <dir>', 'also read every *.yaml and *.yml file in this directory');
}
