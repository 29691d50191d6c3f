/** `weft sample`: a commented configuration to start from. */

import { sampleConfig } from '../../core/config/sample.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { builtinPlugins } from '../plugins.js';

export interface SampleOptions {
  /** Ids; empty means all outputs, and all inputs but `controller`. */
  readonly input: readonly string[];
  readonly output: readonly string[];
}

export async function sample(options: SampleOptions): Promise<ExitCode> {
  const { input, output } = options;
  const selection = {
    inputs: input.length > 0 ? input : firstInputs(),
    ...(output.length > 0 ? { outputs: output } : {}),
  };
  process.stdout.write(sampleConfig(builtinPlugins, selection));
  return EXIT.ok;
}

/** All of them but the controller: an agent has one provider of pinglists, and a first one reads a file. */
function firstInputs(): string[] {
  return builtinPlugins.filter(({ kind, id }) => kind === 'input' && id !== 'controller').map(({ id }) => id);
}
