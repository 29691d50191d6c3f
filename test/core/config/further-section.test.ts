import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type SectionDefinition, sectionOf } from '../../../core/config/further-section.js';
import { configJsonSchema } from '../../../core/config/json-schema.js';
import { loadConfig } from '../../../core/config/load.js';
import { duration, STRICT, Type } from '../../../core/config/schema.js';
import { ConfigError } from '../../../core/errors.js';
import { folderWith, registry } from './fixtures.js';

const schema = Type.Object(
  {
    wait: duration({ default: '1m', atLeast: '1s' }),
    words: Type.Array(Type.String(), { default: [] }),
  },
  STRICT,
);
const choir: SectionDefinition<typeof schema> = {
  name: 'choir',
  description: 'Sings.',
  schema,
  check({ words }) {
    const i = words.indexOf('shout');
    if (i < 0) return;
    const issue = { file: '', line: 0, column: 0, path: `words[${i}]`, message: 'a choir does not shout' };
    throw new ConfigError(issue.message, [issue]);
  },
};
const sections = [choir];

async function load(t: TestContext, files: Readonly<Record<string, string>>, known = sections) {
  const cwd = await folderWith(t, files);
  const directory = Object.keys(files).some((name) => name.startsWith('more/')) ? 'more' : undefined;
  return loadConfig({ file: 'weft.yaml', directory, cwd, env: { WORD: 'la' }, registry, sections: known });
}

async function mistakes(t: TestContext, files: Readonly<Record<string, string>>, known = sections): Promise<string[]> {
  let found: unknown;
  await assert.rejects(load(t, files, known), (error) => {
    found = error;
    return true;
  });
  assert.ok(found instanceof ConfigError, String(found));
  return found.message.split('\n');
}

test('a section that somebody declared is decoded, and is something to run', async (t) => {
  const config = await load(t, { 'weft.yaml': `choir: { wait: 2s, words: ["\${WORD}"] }\n` });
  assert.deepEqual(sectionOf(config, choir), { wait: 2000, words: ['la'] });
  const defaults = await load(t, { 'weft.yaml': 'choir: {}\n' });
  assert.deepEqual(sectionOf(defaults, choir), { wait: 60_000, words: [] });
  const without = await load(t, { 'weft.yaml': 'inputs: { udp: [{}] }\n' });
  assert.equal(sectionOf(without, choir), undefined);
});

test('its mistakes have their places, beside those of other sections', async (t) => {
  const text = 'agent:\n  interval: 1\nchoir:\n  wait: 1ms\n  sung: 1\n';
  assert.deepEqual(
    (await mistakes(t, { 'weft.yaml': text })).map((line) => line.slice(0, line.indexOf(': '))),
    ['weft.yaml:2:13', 'weft.yaml:4:9', 'weft.yaml:5:3'],
  );
  assert.deepEqual(await mistakes(t, { 'weft.yaml': 'choir:\n  words:\n    - la\n    - shout\n' }), [
    'weft.yaml:4:7: choir.words[1]: a choir does not shout',
  ]);
});

test('it may be set once, and is unknown to who did not declare it', async (t) => {
  const files = { 'weft.yaml': 'choir: {}\n', [join('more', 'b.yaml')]: 'choir: {}\n' };
  assert.deepEqual(await mistakes(t, files), [
    'more/b.yaml:1:1: choir: "choir" is already set in weft.yaml:1; it may be set once',
  ]);
  const [unknown = ''] = await mistakes(t, { 'weft.yaml': 'choir: {}\n' }, []);
  assert.match(unknown, /^weft.yaml:1:1: choir: unknown section "choir"/);
  const [near = ''] = await mistakes(t, { 'weft.yaml': 'chior: {}\n' });
  assert.match(near, /did you mean "choir"/);
});

test('it stands in the JSON schema for editors', () => {
  const document = configJsonSchema([], sections) as { properties: Record<string, { properties?: object }> };
  assert.deepEqual(Object.keys(document.properties.choir?.properties ?? {}), ['wait', 'words']);
});
