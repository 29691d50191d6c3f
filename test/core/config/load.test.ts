/** Every folder of cases/ is a configuration with what comes out of it: a configuration, or all of its mistakes. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../core/config/load.js';
import type { Config } from '../../../core/config/types.js';
import { ConfigError } from '../../../core/errors.js';
import { registry } from './fixtures.js';
import { repositoryRoot } from './repository.js';

const folder = join(repositoryRoot(), 'test/core/config/cases');

describe('loadConfig, case by case', () => {
  for (const name of readdirSync(folder)) {
    it(name, async () => {
      const text = readFileSync(join(folder, name, 'config.yaml'), 'utf8');
      const expected: unknown = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8'));
      assert.deepEqual(await outcome(join(folder, name), environmentOf(text)), expected);
    });
  }
});

/** The first line of a case may be `# env: NAME=value NAME=`. */
function environmentOf(text: string): Record<string, string> {
  const assignments = /^# env: (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  return Object.fromEntries(assignments.map((assignment) => assignment.split('=') as [string, string]));
}

async function outcome(cwd: string, env: Record<string, string>): Promise<object> {
  try {
    return summary(await loadConfig({ file: 'config.yaml', cwd, env, registry }));
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.message.split('\n').length, error.issues.length);
    return { issues: error.message.split('\n') };
  }
}

function summary(config: Config): object {
  const { interval, hostname, labels } = config.agent;
  const instances = [...config.inputs, ...config.processors, ...config.outputs];
  return {
    agent: { interval, hostname, labels },
    instances: instances.map(({ definition, name, common, config: own }) => ({ id: definition.id, name, common, own })),
  };
}
