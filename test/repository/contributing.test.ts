import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../core/config/repository.js';

test('CONTRIBUTING.md says of every dependency why it is there, and of no other', () => {
  const root = repositoryRoot();
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const explained = [...text.matchAll(/^\| `([^`]+)` \| \S.{9,} \|$/gm)].map(([, name]) => name);
  assert.deepEqual(explained.sort(), [...Object.keys(dependencies), ...Object.keys(devDependencies)].sort());
});
