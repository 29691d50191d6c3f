/** `weft once`: one round, outputs included; for cron and for trying an output. */

import type { ConfigSource } from '../config.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { gather } from '../gather.js';
import type { Signals } from '../signals.js';

export async function once(options: ConfigSource, signals: Signals): Promise<ExitCode> {
  const { errors, unsent } = await gather(options, signals, { writeOutputs: true });
  if (errors > 0) process.stderr.write(`weft: errors while gathering: ${errors}\n`);
  if (unsent > 0) process.stderr.write(`weft: metrics that could not be written: ${unsent}\n`);
  return errors + unsent > 0 ? EXIT.failure : EXIT.ok;
}
