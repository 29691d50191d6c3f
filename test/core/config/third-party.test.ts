import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadConfig, loadRegistry } from '../../../core/config/load.js';
import { ConfigError } from '../../../core/errors.js';
import { folderWith, registry } from './fixtures.js';

const plugin = (id: string, rest = ''): string => `{
  kind: 'input', id: '${id}', description: 'd', sample: '- level: 3\\n',
  config: { type: 'object', properties: { level: { type: 'integer', default: 3 } }, required: ['level'] },
  create: () => ({}), ${rest}
}`;

describe('third-party plugins', () => {
  it('are loaded by a path relative to the file that names them', async (t) => {
    const cwd = await folderWith(t, {
      'weft.yaml': 'plugins: [ ./one.js ]\ninputs: { one: [ { level: 7 } ], two: [ {} ] }\n',
      'weft.d/more.yaml': 'plugins: [ ../lib/two.mjs, ../one.js ]\n',
      'one.js': `module.exports = ${plugin('one')}`,
      'lib/two.mjs': `export default ${plugin('two')}`,
    });
    const config = await loadConfig({ file: 'weft.yaml', directory: 'weft.d', cwd, registry, env: {} });
    assert.deepEqual(
      config.inputs.map(({ name, config: own }) => [name, own]),
      [
        ['one', { level: 7 }],
        ['two', { level: 3 }],
      ],
    );
  });

  it('are loaded by package name from the folder of the file upwards, however the package exports', async (t) => {
    const cwd = await folderWith(t, {
      'etc/weft.yaml':
        'plugins: [ weft-input-esm, weft-input-cjs, "@scope/weft-input", weft-many/three ]\ninputs: { esm: [ {} ] }\n',
      ...packageFiles('weft-input-esm', '"type":"module","exports":{".":{"types":"./x.d.ts","import":"./lib/i.js"}}', {
        'lib/i.js': `export default ${plugin('esm')}`,
      }),
      ...packageFiles('weft-input-cjs', '"main":"lib"', {
        'lib/index.js': `exports.__esModule = true; exports.default = ${plugin('cjs')}`,
      }),
      ...packageFiles('@scope/weft-input', '"exports":"./i.mjs"', { 'i.mjs': `export default ${plugin('scoped')}` }),
      ...packageFiles('weft-many', '"exports":{"./three":{"default":"./3.mjs"}}', {
        '3.mjs': `export default ${plugin('three')}`,
      }),
    });
    const { definitions } = await loadRegistry({ file: 'etc/weft.yaml', cwd, registry, env: {} });
    assert.deepEqual(
      definitions.slice(registry.definitions.length).map(({ id }) => id),
      ['esm', 'cjs', 'scoped', 'three'],
    );
    const config = await loadConfig({ file: 'etc/weft.yaml', cwd, registry, env: {} });
    assert.equal(config.inputs[0]?.definition.id, 'esm');
  });

  it('have their options checked by their own schema', async (t) => {
    const issues = await issuesOf(t, 'plugins: [ ./p.mjs ]\ninputs: { mine: [ { levle: 1 } ] }\n', {
      'p.mjs': `export default ${plugin('mine')}`,
    });
    assert.match(issues[0] ?? '', /^2:21: inputs\.mine\[0\]\.levle: unknown option "levle"; did you mean "level"\?/);
  });

  const refused: [string, Record<string, string>, RegExp][] = [
    ['./none.js', {}, /^1:12: plugins\[0\]: cannot load the plugin "\.\/none\.js".*none\.js/],
    ['weft-none', {}, /cannot find the package "weft-none" from .*; install it there, or begin a path with \.\//],
    ['./throws.mjs', { 'throws.mjs': 'throw new Error("boom")' }, /cannot load the plugin "\.\/throws\.mjs": boom/],
    ['./none.mjs', { 'none.mjs': 'export const a = 1' }, /not a weft plugin: its default export .* found nothing/],
    [
      './part.mjs',
      { 'part.mjs': 'export default { kind: "inputs", id: "My Plugin", config: {} }' },
      /kind has to be .*, id has to be kebab-case, description .*, config .*, sample .*, create has to be a function/,
    ],
    [
      './clash.mjs',
      { 'clash.mjs': `export default ${plugin('udp')}` },
      /there already is a plugin "udp" among the inputs/,
    ],
    ['3', {}, /expected a package name or a path, found the number 3/],
  ];
  for (const [name, files, message] of refused) {
    it(`${name} is refused where it is named, and nothing else about it`, async (t) => {
      const issues = await issuesOf(t, `plugins: [ ${name} ]\ninputs: { part: [ {} ] }\n`, files);
      assert.equal(issues.length, 1, issues.join('\n'));
      assert.match(issues[0] ?? '', message);
    });
  }

  it('may not declare an option that all plugins of their kind have', async (t) => {
    const config = "config: { type: 'object', properties: { tags: { type: 'string' } } }";
    const issues = await issuesOf(t, 'plugins: [ ./p.mjs ]\ninputs: { mine: [ {} ] }\n', {
      'p.mjs': `export default ${plugin('mine', `${config},`)}`,
    });
    assert.match(
      issues[0] ?? '',
      /^2:11: inputs\.mine: the schema of .*it declares the option "tags", which every input has/,
    );
  });

  it('may not have a schema that is not valid', async (t) => {
    const config = "config: { type: 'object', properties: { a: { type: 'strnig' } } }";
    const issues = await issuesOf(t, 'plugins: [ ./p.mjs ]\ninputs: { mine: [ {} ] }\n', {
      'p.mjs': `export default ${plugin('mine', `${config},`)}`,
    });
    assert.match(issues[0] ?? '', /^2:11: inputs\.mine: the schema of the input plugin mine is wrong: /);
  });
});

function packageFiles(name: string, manifest: string, files: Record<string, string>): Record<string, string> {
  const folder = join('node_modules', name);
  const entries = Object.entries(files).map(([file, text]) => [join(folder, file), text]);
  return { [join(folder, 'package.json')]: `{"name":"${name}",${manifest}}`, ...Object.fromEntries(entries) };
}

async function issuesOf(t: TestContext, config: string, files: Record<string, string>): Promise<string[]> {
  const cwd = await folderWith(t, { 'weft.yaml': config, ...files });
  const error = await loadConfig({ file: 'weft.yaml', cwd, registry, env: {} }).then(
    () => assert.fail('the configuration was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConfigError, String(error));
  return error.message.split('\n').map((line) => line.replace(/^weft\.yaml:/, ''));
}
