import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../support/temp-folder.js';
import { weft } from '../support/weft-process.js';

const PLUGIN = `export default {
  kind: 'input', id: 'thermo', description: 'Warm.', sample: '- {}',
  config: { type: 'object', properties: { fails: { type: 'boolean' } } },
  create: (config) => ({
    async gather(acc) {
      acc.add({ name: 'thermo', tags: { room: 'a b' }, fields: { degrees: { kind: 'gauge', value: 21.5, unit: '1' } }, timeNs: 7n });
      if (config.fails) throw new Error('too hot');
    },
  }),
};`;

async function setUp(t: TestContext, input: object = {}): Promise<{ config: string; output: string }> {
  const folder = await tempFolder(t);
  await writeFile(join(folder, 'thermo.mjs'), PLUGIN);
  const output = join(folder, 'out.json');
  const config = join(folder, 'weft.yaml');
  const outputs = { file: [{ path: output, format: 'json' }] };
  await writeFile(
    config,
    JSON.stringify({ agent: { hostname: 'host-a' }, plugins: ['./thermo.mjs'], inputs: { thermo: [input] }, outputs }),
  );
  return { config, output };
}

test('test prints the metrics and touches no output', async (t) => {
  const { config, output } = await setUp(t);
  const text = await weft('test', '-c', config);
  assert.equal(text.stdout, '> thermo,room=a\\ b,src=host-a degrees=21.5 7\n');
  assert.equal(text.code, 0);
  const json = await weft('test', '-c', config, '--json');
  assert.deepEqual(JSON.parse(json.stdout), {
    name: 'thermo',
    tags: { room: 'a b', src: 'host-a' },
    fields: { degrees: 21.5 },
    time: '1970-01-01T00:00:00.000000007Z',
  });
  await assert.rejects(readFile(output), { code: 'ENOENT' });
});

test('once writes to the outputs and ends', async (t) => {
  const { config, output } = await setUp(t);
  const { code, stdout } = await weft('once', '-c', config);
  assert.equal(stdout, '');
  assert.equal(JSON.parse(await readFile(output, 'utf8')).fields.degrees, 21.5);
  assert.equal(code, 0);
});

test('a gather that fails is exit code 1, what it gathered counts', async (t) => {
  const { config, output } = await setUp(t, { fails: true });
  for (const command of ['test', 'once']) {
    const { code, stderr } = await weft(command, '-c', config);
    assert.match(stderr, /too hot/);
    assert.match(stderr, /weft: errors while gathering: 1/);
    assert.equal(code, 1);
  }
  assert.equal(JSON.parse(await readFile(output, 'utf8')).name, 'thermo');
});

test('an output that takes nothing is exit code 1', async (t) => {
  const { config } = await setUp(t);
  const broken = JSON.parse(await readFile(config, 'utf8'));
  broken.outputs.file[0].path = '/dev/full';
  await writeFile(config, JSON.stringify(broken));
  const { code, stderr } = await weft('once', '-c', config);
  assert.match(stderr, /could not be written: 1/);
  assert.equal(code, 1);
});
