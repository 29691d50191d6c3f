/** Text of the environment where a number or a boolean is wanted, alone or as one of a few values. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../core/config/load.js';
import { STRICT, Type } from '../../../core/config/schema.js';
import { definePlugin } from '../../../core/plugin.js';
import { folderWith } from './fixtures.js';

const plugin = definePlugin({
  kind: 'input',
  id: 'versions',
  description: 'd',
  sample: '- {}\n',
  config: Type.Object(
    { version: Type.Union([Type.Literal(1), Type.Literal(2)]), level: Type.Unsafe<unknown>({ enum: [1, 'high'] }) },
    STRICT,
  ),
  create: () => ({}),
});
const file = `inputs: { versions: [ { version: "\${VERSION}", level: "\${LEVEL}" } ] }\n`;

test('becomes one of the values that the schema lists', async (t) => {
  const cwd = await folderWith(t, { 'weft.yaml': file });
  const load = (env: Record<string, string>) =>
    loadConfig({ file: 'weft.yaml', cwd, registry: { definitions: [plugin] }, env });
  assert.deepEqual((await load({ VERSION: '2', LEVEL: '1' })).inputs[0]?.config, { version: 2, level: 1 });
  assert.deepEqual((await load({ VERSION: '1', LEVEL: 'high' })).inputs[0]?.config, { version: 1, level: 'high' });
  await assert.rejects(load({ VERSION: '3', LEVEL: '2' }), {
    message: [
      `weft.yaml:1:34: inputs.versions[0].version: expected 1 or 2, found the value of \${VERSION}`,
      `weft.yaml:1:55: inputs.versions[0].level: expected 1 or "high", found the value of \${LEVEL}`,
    ].join('\n'),
  });
});
