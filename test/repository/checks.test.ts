/** The checks of `npm run check` that need no tools of their own run with the tests, too. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { repositoryRoot } from '../core/config/repository.js';

const root = repositoryRoot();
/** The folder of the compiled code that runs now. */
const build = relative(root, fileURLToPath(new URL('../..', import.meta.url)));

const CHECKS: [string, string[]][] = [
  ['no source file has over 400 lines', ['scripts/check-sizes.mjs']],
  ['the layers of the addon hold', ['scripts/check-native-layers.mjs']],
  ['what is generated for the documentation is current', ['scripts/generate-docs.mjs', '--check', '--build', build]],
];

for (const [name, [script = '', ...args]] of CHECKS) {
  test(name, async () => {
    try {
      await promisify(execFile)(process.execPath, [join(root, script), ...args], { cwd: root });
    } catch (error) {
      assert.fail((error as { stderr: string }).stderr);
    }
  });
}
