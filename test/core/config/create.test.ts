import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { checkPlugins, createPlugin } from '../../../core/config/create.js';
import { loadConfig } from '../../../core/config/load.js';
import { locateConfigError } from '../../../core/config/locate.js';
import { STRICT, Type } from '../../../core/config/schema.js';
import type { Config } from '../../../core/config/types.js';
import { ConfigError, describeError } from '../../../core/errors.js';
import { definePlugin, type PluginContext } from '../../../core/plugin.js';
import { folderWith } from './fixtures.js';

const context = {} as PluginContext;

/** Complains in `create` about what its schema cannot say. */
const picky = definePlugin({
  kind: 'input',
  id: 'picky',
  description: 'd',
  sample: '- {}\n',
  config: Type.Object({ complaint: Type.String(), at: Type.Array(Type.Object({ port: Type.Integer() })) }, STRICT),
  create({ complaint, at }) {
    const issue = { file: '', line: 0, column: 0, message: 'no such port' };
    if (complaint === 'placed')
      throw new ConfigError(
        'bad',
        at.map((_, i) => ({ ...issue, path: `at[${i}].port` })),
      );
    if (complaint === 'bare') throw new ConfigError('two options exclude each other');
    if (complaint === 'bug') throw new TypeError('x is not a function');
    return {};
  },
});

describe('creating plugins', () => {
  it('places what a plugin complains about in the file', async (t) => {
    const config = await load(
      t,
      'inputs:\n  picky:\n    - complaint: placed\n      at: [ { port: 1 }, { port: 2 } ]\n',
    );
    assert.throws(() => createPlugin(config.inputs[0]!, context), {
      name: 'ConfigError',
      message: [
        'weft.yaml:4:21: inputs.picky[0].at[0].port: no such port',
        'weft.yaml:4:34: inputs.picky[0].at[1].port: no such port',
      ].join('\n'),
    });
  });

  it('says what is wrong once, and what it comes from', async (t) => {
    const config = await load(t, 'inputs: { picky: [ { complaint: none, at: [] } ] }\n');
    const error = new ConfigError('no such folder', [], { cause: new Error('ENOENT') });
    const placed = describeError(locateConfigError(config.inputs[0]!, error));
    assert.equal(placed, 'weft.yaml:1:20: inputs.picky[0]: no such folder: ENOENT');
  });

  it('collects the complaints of all plugins, errors of other types included', async (t) => {
    const item = (complaint: string): string => `    - { complaint: ${complaint}, at: [] }\n`;
    const config = await load(t, `inputs:\n  picky:\n${item('none')}${item('bare')}${item('bug')}`);
    const seen: string[] = [];
    const contextFor = ({ name }: { name: string }): PluginContext => {
      seen.push(name);
      return context;
    };
    assert.throws(() => checkPlugins(config, contextFor), {
      message: [
        'weft.yaml:4:7: inputs.picky[1]: two options exclude each other',
        'weft.yaml:5:7: inputs.picky[2]: x is not a function',
      ].join('\n'),
    });
    assert.deepEqual(seen, ['picky', 'picky-2', 'picky-3']);
  });

  it('accepts what no plugin complains about', async (t) => {
    const config = await load(t, 'inputs: { picky: [ { complaint: none, at: [] } ] }\n');
    checkPlugins(config, () => context);
    assert.deepEqual(createPlugin(config.inputs[0]!, context), {});
  });
});

async function load(t: TestContext, text: string): Promise<Config> {
  const cwd = await folderWith(t, { 'weft.yaml': text });
  return loadConfig({ file: 'weft.yaml', cwd, registry: { definitions: [picky] }, env: {} });
}
