/** `weft check`: everything that can be known of a configuration without starting it. */

import { controllerSection } from '../../controller/config.js';
import { systemClock } from '../../core/clock.js';
import { checkPlugins } from '../../core/config/create.js';
import { sectionOf } from '../../core/config/further-section.js';
import type { Config } from '../../core/config/types.js';
import { ConfigError, type ConfigIssue } from '../../core/errors.js';
import { silentLogger } from '../../core/log.js';
import { createBoard } from '../../core/pinglist/board.js';
import { agentInfo } from '../../core/pipeline/wiring.js';
import { type ConfigSource, readConfig } from '../config.js';
import { createController } from '../controller.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { VERSION } from '../version.js';

export async function check(options: ConfigSource & { readonly json?: boolean }): Promise<ExitCode> {
  try {
    const config = await readConfig(options);
    createEveryPlugin(config);
    if (sectionOf(config, controllerSection) !== undefined) await createController(config, silentLogger);
    if (options.json === true) printJson([]);
    else process.stdout.write(`${summary(options, config)}\n`);
    return EXIT.ok;
  } catch (error) {
    if (options.json !== true || !(error instanceof ConfigError)) throw error;
    printJson(error.issues);
    return EXIT.usage;
  }
}

/** A plugin's `create` finds what a schema cannot say, and does no I/O. */
function createEveryPlugin(config: Config): void {
  const board = createBoard({ log: silentLogger, maxRate: config.agent.max_rate });
  const agent = agentInfo(config.agent, VERSION);
  checkPlugins(config, ({ name }) => ({ name, log: silentLogger, clock: systemClock, agent, board }));
}

function printJson(issues: readonly ConfigIssue[]): void {
  process.stdout.write(`${JSON.stringify({ valid: issues.length === 0, issues }, undefined, 2)}\n`);
}

function summary(options: ConfigSource, config: Config): string {
  const names = (instances: readonly { readonly name: string }[]): string =>
    instances.map(({ name }) => name).join(', ') || 'none';
  const parts = [
    `inputs: ${names(config.inputs)}`,
    `outputs: ${names(config.outputs)}`,
    ...Object.keys(config.sections).map((section) => `section: ${section}`),
  ];
  return `${options.config}: valid (${parts.join('; ')})`;
}
