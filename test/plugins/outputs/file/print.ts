/** A program that writes to the standard output through the plugin: what it prints is the test's. */

import { setTimeout } from 'node:timers/promises';
import { describeError } from '../../../../core/errors.js';
import { gauge } from '../../../../core/metric.js';
import { FileOutput } from '../../../../plugins/outputs/file/file.js';
import { contextOf, environment } from '../../../support/pipeline.js';

const [writes = '1'] = process.argv.slice(2);
const options = {
  path: '-',
  format: 'line',
  rotation_interval: 0,
  rotation_max_size: 0,
  rotation_max_archives: 5,
} as const;
const output = new FileOutput(options, contextOf(environment()));
await output.connect();
try {
  for (let i = 0; i < Number(writes); i += 1) {
    await output.write([{ name: 'm', tags: {}, fields: { i: gauge(i) }, timeNs: 0n }]);
    // The end of the reader is noticed between two writes.
    if (i % 1000 === 0) await setTimeout(0);
  }
} catch (error) {
  process.stderr.write(`${(error as Error).name}: ${describeError(error)}\n`);
}
await output.close();
