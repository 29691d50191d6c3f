import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderLock } from '../../../../core/pipeline/disk/folder-lock.js';
import { tempFolder } from '../../../support/temp-folder.js';

test('one at a time; who gives it up leaves nothing', async (t) => {
  const folder = await tempFolder(t);
  const lock = await FolderLock.take(folder);
  assert.ok(lock);
  assert.equal(await FolderLock.take(folder), undefined);
  assert.equal((await readdir(folder)).length, 1);
  await lock.release();
  assert.deepEqual(await readdir(folder), []);
  const again = await FolderLock.take(folder);
  assert.ok(again);
  await again.release();
});

test('of many at once at most one has it', async (t) => {
  const folder = await tempFolder(t);
  for (let round = 0; round < 20; round += 1) {
    const locks = await Promise.all(Array.from({ length: 6 }, () => FolderLock.take(folder)));
    const taken = locks.filter((lock) => lock !== undefined);
    assert.ok(taken.length <= 1, `${taken.length} have it`);
    for (const lock of taken) await lock.release();
  }
});

const HOLDER = `
const { FolderLock } = await import(process.argv[1]);
const lock = await FolderLock.take(process.argv[2]);
console.log(lock === undefined ? 'refused' : 'taken');
setInterval(() => {}, 1000);
`;

test('a process that is stopped still has it, one that is killed does not', async (t) => {
  const folder = await tempFolder(t);
  const module = new URL('../../../../core/pipeline/disk/folder-lock.js', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, module, folder]);
  t.after(() => child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  assert.equal(String(said).trim(), 'taken');
  child.kill('SIGSTOP');
  assert.equal(await FolderLock.take(folder), undefined);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await FolderLock.take(folder);
  assert.ok(lock);
  await lock.release();
});

test('a long path, and files that are no sockets, are no hindrance', async (t) => {
  const folder = join(await tempFolder(t), 'x'.repeat(120));
  await mkdir(folder);
  await writeFile(join(folder, 'lock-1-old'), '');
  const lock = await FolderLock.take(folder);
  assert.ok(lock);
  assert.equal(await FolderLock.take(folder), undefined);
  await lock.release();
});
