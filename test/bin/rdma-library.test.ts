/** What `weft devices` says of a libibverbs that is there, and cannot be used. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { tempFolder } from '../support/temp-folder.js';
import { WeftProcess } from '../support/weft-process.js';

/** Where an ELF header names the machine (elf(5), e_machine), and one that no host of this program is: EM_M32. */
const MACHINE = { offset: 18, other: Buffer.from([1, 0]) };

/** A library without a function, which needs `libraries`. */
async function makeLibrary(path: string, ...libraries: readonly string[]): Promise<string> {
  const source = ['-x', 'c++', '/dev/null', '-x', 'none'];
  const needs = ['-Wl,--no-as-needed', ...libraries];
  await promisify(execFile)('g++', ['-shared', '-o', path, ...source, ...needs]);
  return path;
}

/** The path of the library, in a folder of its own. */
const LIBRARIES: Readonly<Record<string, (folder: string) => Promise<string>>> = {
  missing: async (folder) => join(folder, 'libibverbs.so.1'),
  damaged: async (folder) => {
    const path = join(folder, 'libibverbs.so.1');
    await writeFile(path, 'no library');
    return path;
  },
  'of another machine': async (folder) => {
    const path = await makeLibrary(join(folder, 'libibverbs.so.1'));
    const file = await open(path, 'r+');
    await file.write(MACHINE.other, 0, MACHINE.other.length, MACHINE.offset);
    await file.close();
    return path;
  },
  'without one that it needs': async (folder) => {
    const needed = await makeLibrary(join(folder, 'libneeded.so'), '-Wl,-soname,libneeded.so');
    const path = await makeLibrary(join(folder, 'libibverbs.so.1'), needed);
    await rm(needed);
    return path;
  },
  'without what it is to have': (folder) => makeLibrary(join(folder, 'libibverbs.so.1')),
};

async function saidOf(t: TestContext, what: string): Promise<string> {
  const path = await LIBRARIES[what]!(await tempFolder(t));
  const process = new WeftProcess(['devices'], { WEFT_LIBIBVERBS: path });
  t.after(() => process.destroy());
  const { code, stdout, stderr } = await process.exit;
  assert.deepEqual([code, stdout], [1, '']);
  return stderr;
}

describe('a libibverbs', { concurrency: 2 }, () => {
  for (const [what, words] of [
    ['missing', /libibverbs, which is not installed: install libibverbs1 .*\(dlopen: .*No such file or directory\)/],
    ['damaged', /libibverbs is there and cannot be loaded: .*\(dlopen: .*file too short\)/],
    ['of another machine', /libibverbs is there and cannot be loaded: .* of this architecture/],
    ['without one that it needs', /is there and cannot be loaded: .*`ldd` names them.*\(dlopen: libneeded\.so: /],
    ['without what it is to have', /too old: install rdma-core 32 or newer \(dlopen: .*ibv_get_device_list\)/],
  ] as const) {
    test(what, async (t) => assert.match(await saidOf(t, what), words));
  }
});
