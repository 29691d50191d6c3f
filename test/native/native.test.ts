/** The C++ tests and the fuzz targets, compiled with sanitizers: any finding of theirs fails here. */

import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { compileFakeVerbs, compileNative } from './compile.js';

const run = promisify(execFile);

/** A program that hangs is killed; its output is in the error when it fails. */
const LIMITS = { timeout: 120_000, killSignal: 'SIGKILL' } as const;
const FUZZ_ITERATIONS = 50_000;
/** The slow ones wait for their timeouts. */
const AT_ONCE = 2;

const { unit, fuzz, withoutVerbs } = await compileNative();
const env = { ...process.env, WEFT_LIBIBVERBS: await compileFakeVerbs({ sanitized: true }) };
const { stdout } = await run(unit, ['--list']);

describe('C++', { concurrency: AT_ONCE }, () => {
  for (const name of stdout.trim().split('\n')) {
    test(name.replaceAll('_', ' '), () => check(unit, name));
  }
});

test('without verbs.h the layer rdma says so, and needs nothing of it', () => check(withoutVerbs));

for (const [target, program] of Object.entries(fuzz)) {
  describe(`readers of ${target} under mutated input`, () => {
    for (const seed of [1, 2]) {
      test(`seed ${seed}`, () => check(program, FUZZ_ITERATIONS, seed));
    }
  });
}

/** A sanitizer's report ends the program with an error, like a failed check. */
async function check(program: string, ...args: (string | number)[]): Promise<void> {
  await run(program, args.map(String), { ...LIMITS, env });
}
