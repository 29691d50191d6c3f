/** bin/weft, the script that starts node: with which flags and which malloc, by WEFT_HEAP. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempFolder } from '../support/temp-folder.js';

const LAUNCHER = fileURLToPath(new URL('../../../bin/weft', import.meta.url));
/** In place of weft's own program: says how node was started. */
const LOOK = `data:text/javascript,${encodeURIComponent(
  `const { MALLOC_ARENA_MAX, MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ } = process.env;
  const malloc = { MALLOC_ARENA_MAX, MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ };
  console.log(JSON.stringify({ flags: process.execArgv, program: process.argv[1], args: process.argv.slice(2), malloc }));
  process.exit();`,
)}`;
const SMALL_HEAP = ['--max-semi-space-size=2', '--heap-growing-percent=10'];

interface Started {
  readonly flags: readonly string[];
  readonly program: string;
  readonly args: readonly string[];
  readonly malloc: Readonly<Record<string, string>>;
}

interface End {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function launch(env: Readonly<Record<string, string | undefined>>, launcher = LAUNCHER): Promise<End> {
  const ours = { ...process.env, WEFT_HEAP: undefined, NODE_OPTIONS: `--import "${LOOK}"`, ...env };
  return new Promise((resolve) => {
    execFile(launcher, ['run', '-c', 'two words.yaml'], { env: ours }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function started(...how: Parameters<typeof launch>): Promise<Started> {
  const { code, stdout, stderr } = await launch(...how);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

const HEAPS = [
  { heap: undefined, flags: SMALL_HEAP },
  { heap: '', flags: SMALL_HEAP },
  { heap: 'agent', flags: SMALL_HEAP },
  { heap: 'server', flags: ['--max-semi-space-size=64'] },
] as const;

for (const { heap, flags } of HEAPS) {
  const name = heap === undefined ? 'without WEFT_HEAP' : `WEFT_HEAP=${heap}`;
  test(`${name}: node is started with ${flags.join(' ')}`, async () => {
    const { program, args, ...rest } = await started({ WEFT_HEAP: heap });
    assert.deepEqual(rest.flags, flags);
    assert.match(program, /\/dist\/bin\/weft\.js$/);
    assert.deepEqual(args, ['run', '-c', 'two words.yaml']);
    const malloc = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };
    assert.deepEqual(rest.malloc, malloc);
  });
}

test('any other WEFT_HEAP is refused with the values there are, and nothing is started', async () => {
  for (const heap of ['big', 'Server', 'agent server']) {
    const { code, stdout, stderr } = await launch({ WEFT_HEAP: heap });
    assert.deepEqual([code, stdout], [2, '']);
    assert.equal(stderr, `weft: WEFT_HEAP is "${heap}"; expected agent or server\n`);
  }
});

test('what the environment says of malloc stays', async () => {
  const malloc = { MALLOC_ARENA_MAX: '4', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };
  assert.deepEqual((await started(malloc)).malloc, malloc);
});

test('it finds its program through a link, as npm makes one', async (t) => {
  const link = join(await tempFolder(t), 'weft');
  await symlink(LAUNCHER, link);
  assert.match((await started({}, link)).program, /\/dist\/bin\/weft\.js$/);
});
