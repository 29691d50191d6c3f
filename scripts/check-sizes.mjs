#!/usr/bin/env node
// No source file over 400 lines: a longer one does more than one thing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finish, root, sourceFiles } from './source-files.mjs';

const MAX_LINES = 400;
const SOURCE = /\.(ts|tsx|js|mjs|cjs|cc|h|c|py|sh)$/;

const problems = sourceFiles()
  .filter((path) => SOURCE.test(path))
  .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n').length - 1 }))
  .filter(({ lines }) => lines > MAX_LINES)
  .map(({ path, lines }) => `${path}: ${lines} lines, the limit is ${MAX_LINES}; split it`);

finish('sizes', problems);
