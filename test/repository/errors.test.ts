import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERROR_CODES } from '../../core/errors.js';
import { repositoryRoot } from '../core/config/repository.js';

test('docs/errors.md has a section for every error code, and for nothing else', () => {
  const text = readFileSync(join(repositoryRoot(), 'docs/errors.md'), 'utf8');
  const documented = [...text.matchAll(/^## (WEFT_\w+)$/gm)].map(([, code]) => code);
  assert.deepEqual(documented, [...ERROR_CODES]);
});
