import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../support/temp-folder.js';
import { weft } from '../support/weft-process.js';

const FIVE_MISTAKES = `agent:
  intervall: 10s
  flush_interval: soon
inputs:
  updd:
    - listen: "0.0.0.0:862"
outputs:
  prometheus:
    - listen: 9273
  file:
    - path: stdout
      format: xml
`;

test('five mistakes are five lines with place and remedy, and nothing starts', async (t) => {
  const file = join(await tempFolder(t), 'weft.yaml');
  await writeFile(file, FIVE_MISTAKES);
  for (const command of ['check', 'run', 'test', 'once']) {
    const { code, stdout, stderr } = await weft(command, '-c', file);
    const places = stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(0, line.indexOf(': ')).replace(`${file}:`, ''));
    assert.deepEqual(places, ['2:3', '3:19', '5:3', '9:15', '12:15'], stderr);
    assert.match(stderr, /intervall.*"interval"/);
    assert.match(stderr, /updd.*"udp"/);
    assert.equal(stdout, '');
    assert.equal(code, 2);
  }
});

test('check --json has the same five', async (t) => {
  const file = join(await tempFolder(t), 'weft.yaml');
  await writeFile(file, FIVE_MISTAKES);
  const { code, stdout, stderr } = await weft('check', '-c', file, '--json');
  const { valid, issues } = JSON.parse(stdout);
  assert.equal(valid, false);
  assert.equal(issues.length, 5);
  assert.deepEqual(Object.keys(issues[0]).sort(), ['column', 'file', 'line', 'message', 'path']);
  assert.equal(stderr, '');
  assert.equal(code, 2);
});

test('a file that is not there is one mistake', async (t) => {
  const file = join(await tempFolder(t), 'none.yaml');
  const { code, stderr } = await weft('check', '-c', file);
  assert.match(stderr, new RegExp(`^${file}:1:1: .*ENOENT`));
  assert.equal(code, 2);
});

test('the sample passes the check, whole and in parts', async (t) => {
  const folder = await tempFolder(t);
  const pinglist = join(folder, 'pinglist.json');
  await writeFile(pinglist, JSON.stringify({ version: 1, targets: [] }));
  for (const args of [
    [],
    ['--input', 'pinglist,udp', '--output', 'prometheus'],
    ['--input', 'udp', '--input', 'pinglist'],
    ['--input', 'udp,controller'],
  ]) {
    const { stdout, code } = await weft('sample', ...args);
    assert.equal(code, 0);
    const file = join(folder, 'weft.yaml');
    await writeFile(file, stdout);
    const checked = await weft('check', '-c', file);
    assert.equal(checked.stderr, '');
    assert.equal(checked.code, 0);
    assert.match(checked.stdout, /weft\.yaml: valid \(inputs: .*udp/);
    assert.doesNotMatch(checked.stdout, /controller.*pinglist|pinglist.*controller/, 'one provider of pinglists');
  }
});

test('check finds what only a plugin can know', async (t) => {
  const folder = await tempFolder(t);
  await writeFile(
    join(folder, 'picky.mjs'),
    `export default {
      kind: 'output', id: 'picky', description: 'Refuses.', sample: '- {}', config: { type: 'object', properties: {} },
      create() { throw new Error('no output is good enough'); },
    };`,
  );
  const file = join(folder, 'weft.yaml');
  await writeFile(file, 'plugins: [./picky.mjs]\noutputs:\n  picky:\n    - {}\n');
  const { code, stderr } = await weft('check', '-c', file);
  assert.equal(stderr, `${file}:4:7: outputs.picky[0]: no output is good enough\n`);
  assert.equal(code, 2);
});

test('plugins lists what there is, by kind, and what a configuration adds', async (t) => {
  const folder = await tempFolder(t);
  await writeFile(
    join(folder, 'mine.mjs'),
    `export default {
      kind: 'input', id: 'mine', description: 'A plugin of my own.', sample: '- {}',
      config: { type: 'object', properties: {} }, create: () => ({}),
    };`,
  );
  const file = join(folder, 'weft.yaml');
  await writeFile(file, 'plugins: [./mine.mjs]\n');
  const all = await weft('plugins');
  assert.match(all.stdout, /^inputs\n(.*\n)* {2}udp +\S/);
  assert.match(all.stdout, /\noutputs\n(.*\n)* {2}prometheus +\S/);
  assert.doesNotMatch((await weft('plugins', 'outputs')).stdout, /^inputs/m);
  assert.match((await weft('plugins', '-c', file)).stdout, /^ {2}mine +A plugin of my own\.$/m);
  const listed: { id: string; built_in: boolean }[] = JSON.parse((await weft('plugins', '-c', file, '--json')).stdout);
  assert.deepEqual(
    listed.filter((plugin) => !plugin.built_in).map((plugin) => plugin.id),
    ['mine'],
  );
});
