import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { AgentOptions } from '../../../core/config/common.js';
import { configJsonSchema } from '../../../core/config/json-schema.js';
import { loadConfig } from '../../../core/config/load.js';
import { optionsTable } from '../../../core/config/options-table.js';
import { pluginSample, readSample, sampleConfig } from '../../../core/config/sample.js';
import { folderWith, registry } from './fixtures.js';

const { definitions } = registry;
const udp = definitions[0]!;

describe('the sample configuration', () => {
  it('is valid as it is, and with every option of the agent taken out of its comment', async (t) => {
    const sample = sampleConfig(definitions);
    const uncommented = sample.replaceAll(/^ {2}# ([a-z_]+: .*)$/gm, '  $1');
    assert.notEqual(uncommented, sample);
    const cwd = await folderWith(t, { 'sample.yaml': sample, 'uncommented.yaml': uncommented });
    const config = await loadConfig({ file: 'sample.yaml', cwd, registry, env: {} });
    assert.deepEqual(
      [...config.inputs, ...config.processors, ...config.outputs].map(({ name }) => name),
      ['udp', 'rename', 'file'],
    );
    const explicit = await loadConfig({ file: 'uncommented.yaml', cwd, registry, env: {} });
    assert.deepEqual(Object.keys(parse(uncommented).agent), Object.keys(AgentOptions.properties));
    assert.deepEqual(explicit.agent, config.agent);
  });

  it('shows the chosen plugins only', () => {
    const sample = sampleConfig(definitions, { inputs: ['udp'], processors: [], outputs: [] });
    assert.deepEqual(Object.keys(parse(sample)), ['agent', 'inputs']);
    assert.throws(() => sampleConfig(definitions, { inputs: ['upd'] }), /unknown input "upd"; did you mean "udp"\?/);
  });

  it('indents the lines of a plugin, the empty ones not', () => {
    assert.equal(
      pluginSample(udp),
      'inputs:\n  udp:\n    - listen: "0.0.0.0:862"\n      # rate: 100\n\n      # buffer: 64KiB\n',
    );
  });

  it('reads the sample of a plugin from its file', async (t) => {
    const cwd = await folderWith(t, { 'sample.yaml': '- from: file\n' });
    assert.equal(readSample({ ...udp, sample: pathToFileURL(`${cwd}/sample.yaml`) }), '- from: file\n');
  });
});

describe('the JSON schema for editors', () => {
  const validate = new Ajv({ allErrors: true, strictTypes: false }).compile(configJsonSchema(definitions));
  const accepts = (text: string): boolean => validate(parse(text));

  it('accepts the sample', () => {
    assert.ok(accepts(sampleConfig(definitions)), JSON.stringify(validate.errors));
  });

  it('accepts references where numbers and durations go, and plugins it does not know', () => {
    const text = (reference: string): string =>
      `inputs: { udp: [ { rate: "${reference}", buffer: "${reference}", timestamps: "${reference}" } ], other: [ { a: 1 } ] }`;
    assert.ok(accepts(text('$'.concat('{R}'))));
    assert.equal(accepts(text('R')), false);
  });

  const refused = [
    'inputs: { udp: [ { rat: 1 } ] }',
    'inputs: { udp: [ { rate: 0 } ] }',
    'inputs: { udp: [ { buffer: 64 } ] }',
    'inputs: { udp: [ { interval: 10 sec } ] }',
    'outputs: { file: [ {} ] }',
    'outputs: { file: { path: x } }',
    'agent: { hostname: 3 }',
    'inpust: {}',
  ];
  for (const text of refused) it(`refuses ${text}`, () => assert.equal(accepts(text), false));
});

describe('the table of options', () => {
  it('has a row for every option, those of maps and lists too', () => {
    const rows = optionsTable(udp.config).split('\n');
    const row = (name: string): string | undefined => rows.find((line) => line.startsWith(`| \`${name}\` `));
    assert.equal(row('buffer'), '| `buffer` | size | `64KiB` | Socket buffer \\| each way. |');
    assert.equal(row('pause'), '| `pause` | duration, "auto" or an integer | – |  |');
    assert.equal(row('timeouts'), '| `timeouts` | map of durations | `{"10.0.0.0/8":"500ms"}` |  |');
    assert.equal(row('tls.reload'), '| `tls.reload` | duration | `5m` |  |');
    assert.equal(row('peers'), '| `peers` | list of maps | – |  |');
    assert.equal(row('peers[].address'), '| `peers[].address` | string | **required** |  |');
  });

  it('says so when there are none', () => {
    assert.equal(optionsTable({ type: 'object', properties: {} }), 'No options of its own.\n');
  });
});
