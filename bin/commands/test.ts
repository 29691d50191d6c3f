/** `weft test`: one round without the outputs; the metrics are printed as they come. */

import type { Metric } from '../../core/metric.js';
import { lineProtocol } from '../../plugins/common/line-protocol.js';
import { jsonLine } from '../../plugins/outputs/file/json.js';
import type { ConfigSource } from '../config.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { gather } from '../gather.js';
import type { Signals } from '../signals.js';

export async function test(options: ConfigSource & { readonly json?: boolean }, signals: Signals): Promise<ExitCode> {
  const format = options.json === true ? jsonLine : prefixedLine;
  const { errors } = await gather(options, signals, {
    writeOutputs: false,
    onMetric(metric) {
      const line = format(metric);
      if (line !== undefined) process.stdout.write(`${line}\n`);
    },
  });
  if (errors > 0) process.stderr.write(`weft: errors while gathering: ${errors}\n`);
  return errors > 0 ? EXIT.failure : EXIT.ok;
}

/** `> ` as Telegraf prints it: told apart from the log by eye and by grep. */
function prefixedLine(metric: Metric): string | undefined {
  const line = lineProtocol(metric);
  return line === undefined ? undefined : `> ${line}`;
}
