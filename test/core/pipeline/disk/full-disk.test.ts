/** A disk that others fill: a small tmpfs. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DiskBuffer } from '../../../../core/pipeline/disk/disk-buffer.js';
import { Fates } from '../../../../core/pipeline/fates.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { metricOf } from '../../../support/fake-output.js';
import { MemoryLog } from '../../../support/memory-log.js';

const skip = process.getuid?.() === 0 ? false : 'needs root: it mounts a tmpfs';
const DISK_BYTES = 512 * 1024;

async function smallDisk(t: TestContext, options: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-test-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'weft-test', folder]);
  t.after(async () => {
    // Lazily: the buffer is closed after this.
    execFileSync('umount', ['--lazy', folder]);
    await rmdir(folder);
  });
  return folder;
}

test('a full disk is told and counted, loses nothing that memory can hold, and is used again when there is room', {
  skip,
}, async (t) => {
  const disk = await smallDisk(t, `size=${DISK_BYTES}`);
  const [clock, log] = [new FakeClock(), new MemoryLog()];
  const buffer = new DiskBuffer({ folder: join(disk, 'buffer'), maxBytes: 1024 * 1024, limit: 5000, clock, log });
  await buffer.open();
  t.after(() => buffer.close());
  let added = 0;
  const add = (count: number): void => {
    for (const end = added + count; added < end; added += 1)
      buffer.add(metricOf(String(added), { padding: 'x'.repeat(300) }));
  };
  let isFull = false;
  while (!isFull) {
    add(100);
    assert.ok(added < 4000, 'the disk never becomes full');
    isFull = !(await buffer.persist());
  }
  assert.match(String(log.lines.at(-1)?.fields.error), /ENOSPC/);
  assert.ok(buffer.disk.errors > 0);
  add(50);
  const numbers: number[] = [];
  const takeAll = async (): Promise<void> => {
    for (;;) {
      const batch = await buffer.takeBatch(70);
      if (batch.length === 0) return;
      numbers.push(...batch.map(({ name }) => Number(name)));
      const fates = new Fates(batch.length);
      fates.acceptAll(0, batch.length);
      buffer.settle(batch, fates);
    }
  };
  // Others take what is free, down to the last byte.
  await writeFile(join(disk, 'others'), Buffer.alloc(DISK_BYTES)).catch(() => {});
  await takeAll();
  assert.deepEqual(
    numbers,
    Array.from({ length: added }, (_, i) => i),
  );
  await rm(join(disk, 'others'));
  await clock.advance(60_000);
  add(10);
  assert.equal(await buffer.persist(), true);
  assert.equal(buffer.disk.metrics, 10);
  await takeAll();
  assert.equal(numbers.length, added);
  assert.equal(buffer.tally.dropped.total, 0);
});

test('an agent that starts on a full disk begins in memory, and opens its buffer when there is room', {
  skip,
}, async (t) => {
  const disk = await smallDisk(t, 'size=64k,nr_inodes=3');
  for (const name of ['one', 'two']) await writeFile(join(disk, name), '');
  const [clock, log] = [new FakeClock(), new MemoryLog()];
  const buffer = new DiskBuffer({ folder: join(disk, 'buffer'), maxBytes: 1024 * 1024, limit: 5000, clock, log });
  await buffer.open();
  t.after(() => buffer.close());
  buffer.add(metricOf('m'));
  const batch = await buffer.takeBatch(10);
  assert.deepEqual([batch.length, buffer.disk.errors, buffer.disk.metrics], [1, 1, 0]);
  buffer.settle(batch, new Fates(1));
  execFileSync('mount', ['-o', 'remount,nr_inodes=100', disk]);
  await clock.advance(60_000);
  await buffer.persist();
  assert.equal(await buffer.persist(), true);
  assert.equal(buffer.disk.metrics, 1);
});
