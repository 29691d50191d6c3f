import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadConfig } from '../../../core/config/load.js';
import type { Config } from '../../../core/config/types.js';
import { ConfigError } from '../../../core/errors.js';
import { folderWith, registry } from './fixtures.js';

describe('a configuration of several files', () => {
  it('adds the lists of the directory, in the order of names, to those of the main file', async (t) => {
    const { config, cwd } = await load(t, {
      'weft.yaml': 'inputs: { udp: [ { alias: main } ] }\n',
      'weft.d/20-b.yaml': 'inputs: { udp: [ { alias: b }, {} ] }\noutputs: { file: [ { path: x } ] }\n',
      'weft.d/10-a.yml': 'agent: { interval: 3s }\ninputs: { udp: [ { alias: a } ] }\n',
      'weft.d/readme.txt': 'not: [ read',
      'weft.d/nested/30-c.yaml': 'not: [ read',
    });
    assert.deepEqual(names(config), ['main', 'a', 'b', 'udp-4']);
    assert.equal(config.agent.interval, 3000);
    assert.equal(config.outputs.length, 1);
    const files = ['weft.yaml', 'weft.d/10-a.yml', 'weft.d/20-b.yaml'];
    assert.deepEqual(
      config.files,
      files.map((file) => join(cwd, file)),
    );
  });

  it('reports the mistakes of all files, each with its file', async (t) => {
    const issues = await issuesOf(t, {
      'weft.yaml': 'agent: { interval: 1 }\ninputs: { udp: [ { alias: x } ] }\n',
      'weft.d/a.yaml': 'agent: {}\ninputs:\n  udp:\n    - alias: x\n',
      'weft.d/b.yaml': 'inputs: [\n',
    });
    assert.deepEqual(
      issues.map(({ file, line, column, path }) => [file, line, column, path]),
      [
        ['weft.yaml', 1, 20, 'agent.interval'],
        ['weft.d/a.yaml', 1, 1, 'agent'],
        ['weft.d/a.yaml', 4, 14, 'inputs.udp[0].alias'],
        ['weft.d/b.yaml', 2, 1, ''],
      ],
    );
    assert.match(issues[1]?.message ?? '', /already set in weft\.yaml:1/);
    assert.match(issues[2]?.message ?? '', /taken by the input at weft\.yaml:2/);
  });

  it('reports a main file and a directory that are not there', async (t) => {
    const issues = await issuesOf(t, {});
    assert.deepEqual(
      issues.map(({ file, line, column }) => [file, line, column]),
      [
        ['weft.yaml', 1, 1],
        ['weft.d', 1, 1],
      ],
    );
    for (const { message } of issues) assert.match(message, /cannot read the (file|directory): ENOENT/);
  });
});

async function load(t: TestContext, files: Record<string, string>): Promise<{ config: Config; cwd: string }> {
  const cwd = await folderWith(t, files);
  return { config: await loadConfig({ file: 'weft.yaml', directory: 'weft.d', cwd, registry, env: {} }), cwd };
}

async function issuesOf(t: TestContext, files: Record<string, string>): Promise<ConfigError['issues']> {
  const error = await load(t, files).then(
    () => assert.fail('the configuration was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConfigError);
  return error.issues;
}

function names(config: Config): string[] {
  return config.inputs.map(({ name }) => name);
}
