/** A package stays in memory for as long as an agent runs: what only some agents need is loaded by those that do. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../core/config/repository.js';
import { tempFolder } from '../support/temp-folder.js';
import { WeftProcess } from '../support/weft-process.js';

/**
 * Of those that weft depends on: what every agent needs, outputs/prometheus, and what prom-client loads by itself, which is the
 * API of OpenTelemetry. Packages of ES modules are not seen.
 */
const NEEDED = [
  '@opentelemetry/api',
  'ajv',
  'commander',
  'fastest-levenshtein',
  'node-gyp-build',
  'pino',
  'piscina',
  'prom-client',
  'yaml',
];

const REPORT = `
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
const { cache } = createRequire(import.meta.url);
if (isMainThread) process.on('exit', () => process.stdout.write(JSON.stringify(Object.keys(cache))));`;

test('an agent that is scraped as text has no package in memory that is for something else', async (t) => {
  const folder = await tempFolder(t);
  const [config, report] = [join(folder, 'weft.yaml'), join(folder, 'report.mjs')];
  const place = [{ listen: '127.0.0.1:0' }];
  const agent = { log_format: 'json' };
  await writeFile(config, JSON.stringify({ agent, inputs: { udp: place }, outputs: { prometheus: place } }));
  await writeFile(report, REPORT);
  const weft = new WeftProcess(['run', '-c', config], { NODE_OPTIONS: `--import ${report}`, OTEL_TRACES_EXPORTER: '' });
  t.after(() => weft.destroy());
  await weft.until('it runs', ({ stderr }) => stderr.includes('"running"'));
  const [, url] = /"url":"([^"]+)"/.exec(weft.stderr) ?? [];
  const page = await (await fetch(String(url), { headers: { connection: 'close' } })).text();
  assert.match(page, /^weft_prometheus_series /m);
  weft.kill('SIGTERM');
  const { stdout } = await weft.exit;
  const files = JSON.parse(stdout) as string[];
  const { dependencies } = JSON.parse(await readFile(join(repositoryRoot(), 'package.json'), 'utf8'));
  const loaded = Object.keys(dependencies).filter((name) =>
    files.some((file) => file.includes(`/node_modules/${name}/`)),
  );
  assert.deepEqual(loaded.sort(), NEEDED);
});
