/** What is synced and when, which no kill of the process shows; and what is left when a sync fails. */

import assert from 'node:assert/strict';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DiskBuffer } from '../../../../core/pipeline/disk/disk-buffer.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/memory-log.js';
import { memoryFolder } from '../../../support/temp-folder.js';
import { MAX_BYTES, names, numbered, Rig } from './log-rig.js';

/** Calls `before` with each file that is about to be synced; what it throws is what the sync ends with. */
async function onSync(t: TestContext, before: (file: FileHandle) => Promise<void>) {
  const some = await open('/dev/null');
  const handles = Object.getPrototypeOf(some) as FileHandle;
  await some.close();
  const { datasync } = handles;
  async function watched(this: FileHandle): Promise<void> {
    await before(this);
    await datasync.call(this);
  }
  return t.mock.method(handles, 'datasync', watched).mock;
}

test('a batch is synced once, when all of it is written, and acknowledged after that', async (t) => {
  const rig = await new Rig(await memoryFolder(t), 64 * MAX_BYTES).open();
  const synced: object[] = [];
  await onSync(t, async (file) => {
    synced.push({ bytes: (await file.stat()).size, end: rig.log.end });
  });
  for (const count of [1, 1000]) {
    const { end } = rig.log;
    assert.equal((await rig.log.append(numbered(end, end + count, 100))).taken, count);
    const [segment, ...others] = await rig.segments();
    assert.deepEqual(others, []);
    assert.deepEqual(synced.splice(0), [{ bytes: (await stat(join(rig.folder, segment!))).size, end }]);
  }
  await rig.log.close();
});

test('what comes within a tenth of a second is synced together', async (t) => {
  const [folder, clock, log] = [await memoryFolder(t), new FakeClock(), new MemoryLog()];
  const buffer = new DiskBuffer({ folder, maxBytes: 64 * MAX_BYTES, limit: 1000, clock, log });
  await buffer.open();
  t.after(() => buffer.close());
  const syncs = await onSync(t, async () => {});
  for (const metric of numbered(0, 500)) buffer.add(metric);
  await clock.advance(99);
  for (const metric of numbered(500, 900)) buffer.add(metric);
  await clock.advance(1);
  // In line behind what the timer set going.
  await buffer.persist();
  assert.deepEqual([buffer.disk.metrics, syncs.callCount()], [900, 1]);
});

test('of a batch that takes several segments each is synced, when it is full', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  const synced = new Map<number, number>();
  const syncs = await onSync(t, async (file) => {
    const { ino, size } = await file.stat();
    synced.set(ino, size);
  });
  await rig.log.append(numbered(0, 10, 1000));
  const files = await Promise.all((await rig.segments()).map((name) => stat(join(rig.folder, name))));
  assert.ok(files.length > 1);
  assert.deepEqual(synced, new Map(files.map(({ ino, size }) => [ino, size])));
  assert.equal(syncs.callCount(), files.length);
  await rig.log.close();
});

test('what could not be synced is taken back out of the files: it is not there after a restart', async (t) => {
  const rig = await new Rig(await memoryFolder(t), 64 * MAX_BYTES).open();
  await rig.log.append(numbered(0, 10));
  const { bytes } = rig.log;
  const path = join(rig.folder, (await rig.segments())[0]!);
  const before = await readFile(path);
  const syncs = await onSync(t, () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })));
  // The first goes into the segment that is there, the second into another.
  for (const count of [100, 1000]) {
    await assert.rejects(rig.log.append(numbered(10, 10 + count, 300)), { code: 'EIO' });
    assert.deepEqual(await readFile(path), before);
    assert.deepEqual([rig.log.end, rig.log.bytes, (await rig.segments()).length], [10, bytes, 1]);
  }
  syncs.restore();
  await rig.log.close();
  await rig.open();
  assert.deepEqual([rig.log.end, await rig.readAll()], [10, names(0, 10)]);
  await rig.log.append(numbered(10, 20));
  assert.deepEqual(await rig.readAll(), names(10, 20));
  await rig.log.close();
});
