/** An instance survives a reload if its fingerprint is the same: so it has to change with all that the plugin sees. */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { loadConfig } from '../../../core/config/load.js';
import { folderWith, registry } from './fixtures.js';

const BASE = 'inputs: { udp: [ { rate: 5 } ] }\noutputs: { file: [ { path: x } ] }\n';

describe('fingerprints', () => {
  it('do not depend on how the same options are written', async (t) => {
    const written = await fingerprints(t, `agent: { interval: 10s }\n${BASE}`);
    const otherwise = await fingerprints(
      t,
      '# comment\noutputs: { file: [ { format: json, path: x } ] }\ninputs:\n  udp:\n    - buffer: 65536B\n      rate: 5\n',
    );
    assert.deepEqual(otherwise, written);
    assert.notEqual(written.input, written.output);
  });

  const changes: [string, string, ('input' | 'output')[]][] = [
    ['an own option', BASE.replace('rate: 5', 'rate: 6'), ['input']],
    ['a common option', BASE.replace('rate: 5', 'rate: 5, namepass: [ a ]'), ['input']],
    ['the alias', BASE.replace('path: x', 'path: x, alias: y'), ['output']],
    ['a default of inputs', `agent: { interval: 3s }\n${BASE}`, ['input']],
    ['a default of outputs', `agent: { metric_batch_size: 3 }\n${BASE}`, ['output']],
    ['the host name', `agent: { hostname: h }\n${BASE}`, ['input', 'output']],
    ['a label', `agent: { labels: { tor: t1 } }\n${BASE}`, ['input', 'output']],
    ['the window', `agent: { window: 5s }\n${BASE}`, ['input', 'output']],
    ['what plugins do not see', `agent: { log_level: debug }\n${BASE}`, []],
  ];
  for (const [what, text, changed] of changes) {
    it(`${what} changes ${changed.join(' and ') || 'neither'}`, async (t) => {
      const before = await fingerprints(t, BASE);
      const after = await fingerprints(t, text);
      assert.deepEqual(
        (['input', 'output'] as const).filter((kind) => before[kind] !== after[kind]),
        changed,
      );
    });
  }
});

async function fingerprints(t: TestContext, text: string): Promise<{ input: string; output: string }> {
  const cwd = await folderWith(t, { 'weft.yaml': text });
  const config = await loadConfig({ file: 'weft.yaml', cwd, registry, env: {} });
  const [input, output] = [config.inputs[0]!, config.outputs[0]!];
  return { input: input.fingerprint, output: output.fingerprint };
}
