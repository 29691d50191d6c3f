/** A package stays in memory for as long as an agent runs: what only some agents need is loaded by those that do. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { repositoryRoot } from '../core/config/repository.js';
import { fetchUrl } from '../support/http-client.js';
import { tempFolder } from '../support/temp-folder.js';
import { WeftProcess } from '../support/weft-process.js';

/** Packages that weft depends on and every agent needs. Those of ES modules are not seen. */
const ALWAYS = ['ajv', 'commander', 'fastest-levenshtein', 'node-gyp-build', 'pino', 'piscina', 'yaml'];
/** With outputs/prometheus; prom-client loads the API of OpenTelemetry by itself. */
const FOR_PROMETHEUS = ['@opentelemetry/api', 'prom-client'];

const REPORT = `
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
const { cache } = createRequire(import.meta.url);
if (isMainThread) process.on('exit', () => process.stdout.write(JSON.stringify(Object.keys(cache))));`;

const place = [{ listen: '127.0.0.1:0' }];

/** Runs an agent with these outputs until `use` is done; which packages it had loaded in the end. */
async function loadedBy(t: TestContext, outputs: object, use = async (_: WeftProcess) => {}): Promise<string[]> {
  const folder = await tempFolder(t);
  const [config, report] = [join(folder, 'weft.yaml'), join(folder, 'report.mjs')];
  await writeFile(config, JSON.stringify({ agent: { log_format: 'json' }, inputs: { udp: place }, outputs }));
  await writeFile(report, REPORT);
  const weft = new WeftProcess(['run', '-c', config], { NODE_OPTIONS: `--import ${report}`, OTEL_TRACES_EXPORTER: '' });
  t.after(() => weft.destroy());
  await weft.until('it runs', ({ stderr }) => stderr.includes('"running"'));
  await use(weft);
  weft.kill('SIGTERM');
  const { stdout } = await weft.exit;
  const files = JSON.parse(stdout) as string[];
  const { dependencies } = JSON.parse(await readFile(join(repositoryRoot(), 'package.json'), 'utf8'));
  const isLoaded = (name: string) => files.some((file) => file.includes(`/node_modules/${name}/`));
  return Object.keys(dependencies).filter(isLoaded).sort();
}

test('an agent has no package in memory that is for other agents', async (t) => {
  assert.deepEqual(await loadedBy(t, {}), ALWAYS);
});

test('one that is scraped as text has none for protobuf', async (t) => {
  const loaded = await loadedBy(t, { prometheus: place }, async ({ stderr }) => {
    const [, url] = /"url":"([^"]+)"/.exec(stderr) ?? [];
    const page = await fetchUrl(String(url));
    assert.match(page.body.toString(), /^weft_prometheus_series /m);
  });
  assert.deepEqual(loaded, [...FOR_PROMETHEUS, ...ALWAYS].sort());
});
