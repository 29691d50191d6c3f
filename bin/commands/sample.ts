/** `weft sample`: a commented configuration to start from. */

import { sampleConfig } from '../../core/config/sample.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { builtinPlugins } from '../plugins.js';

export interface SampleOptions {
  /** Ids; empty means all. */
  readonly input: readonly string[];
  readonly output: readonly string[];
}

export async function sample(options: SampleOptions): Promise<ExitCode> {
  const { input, output } = options;
  const selection = {
    ...(input.length > 0 ? { inputs: input } : {}),
    ...(output.length > 0 ? { outputs: output } : {}),
  };
  process.stdout.write(sampleConfig(builtinPlugins, selection));
  return EXIT.ok;
}
