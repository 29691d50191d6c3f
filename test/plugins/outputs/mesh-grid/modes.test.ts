/** Options of one mode beside the option that chooses the other: refused where they stand, whether they have a default or not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../../core/config/load.js';
import type { SchemaNode } from '../../../../core/config/schema.js';
import meshGrid from '../../../../plugins/outputs/mesh-grid/index.js';
import { folderWith } from '../../../core/config/fixtures.js';

test('every option belongs to both modes or to one', () => {
  const { properties = {}, dependencies = {} }: SchemaNode = meshGrid.config;
  const ofOneMode = Object.keys(properties).filter((name) => !['url', 'listen', 'tls_cert', 'tls_key'].includes(name));
  assert.deepEqual(Object.keys(dependencies).sort(), ofOneMode.sort());
});

for (const [written, message] of [
  ['{ url: "http://grid", windows: 5 }', /outputs\.mesh-grid\[0\]\.windows: goes with listen, which is not set: /],
  ['{ url: "http://grid", tls_client_ca: c }', /tls_client_ca: goes with listen/],
  ['{ url: "http://grid", store: { type: redis, url: "redis://h" } }', /store: goes with listen/],
  ['{ listen: "127.0.0.1:0", timeout: 10s }', /outputs\.mesh-grid\[0\]\.timeout: goes with url, which is not set: /],
  ['{ listen: "127.0.0.1:0", token: x }', /token: goes with url/],
] as const)
  test(`refused: ${written}`, async (t) => {
    const text = `outputs: { mesh-grid: [ ${written} ] }\n`;
    await assert.rejects(load(await folderWith(t, { 'weft.yaml': text })), { name: 'ConfigError', message });
  });

test('what has only its default is no mistake', async (t) => {
  for (const mode of ['url: "http://grid"', 'listen: "127.0.0.1:0"'])
    await load(await folderWith(t, { 'weft.yaml': `outputs: { mesh-grid: [ { ${mode} } ] }\n` }));
});

function load(cwd: string) {
  return loadConfig({ file: 'weft.yaml', cwd, registry: { definitions: [meshGrid] }, env: {} });
}
