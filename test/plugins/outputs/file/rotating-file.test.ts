import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RotatingFile, type RotationOptions } from '../../../../plugins/outputs/file/rotating-file.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { tempFolder } from '../../../support/temp-folder.js';

const NEVER: RotationOptions = { intervalMs: 0, maxBytes: 0, maxArchives: 5 };
const HOUR_MS = 3_600_000;

async function setUp(t: TestContext, rotation: Partial<RotationOptions> = {}) {
  const folder = await tempFolder(t);
  const path = join(folder, 'm.json');
  const clock = new FakeClock();
  const file = new RotatingFile(path, { ...NEVER, ...rotation }, clock);
  t.after(() => file.close());
  const contents = async (): Promise<Record<string, string>> => {
    const names = (await readdir(folder)).sort();
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')])),
    );
  };
  return { folder, path, clock, file, contents };
}

test('appends to what is there', async (t) => {
  const { path, file, contents } = await setUp(t);
  await writeFile(path, 'old\n');
  await file.append('new\n');
  assert.deepEqual(await contents(), { 'm.json': 'old\nnew\n' });
});

test('begins anew before the file would grow too large, and keeps the newest archives', async (t) => {
  const { clock, file, contents } = await setUp(t, { maxBytes: 5, maxArchives: 2 });
  for (const text of ['1\n', '22\n', '333\n', '4444444\n', '5\n']) {
    await clock.advance(1);
    await file.append(text);
  }
  assert.deepEqual(await contents(), {
    'm.20260101T000000.004Z.json': '333\n',
    'm.20260101T000000.005Z.json': '4444444\n',
    'm.json': '5\n',
  });
});

test('archives of one moment have names of their own, in order, also when the clock steps back', async (t) => {
  const { clock, file, contents } = await setUp(t, { maxBytes: 1, maxArchives: 2 });
  for (let i = 0; i < 4; i += 1) await file.append(`${i}\n`);
  clock.stepWall(-1000);
  await file.append('4\n');
  assert.deepEqual(await contents(), {
    'm.20260101T000000.002Z.json': '2\n',
    'm.20260101T000000.003Z.json': '3\n',
    'm.json': '4\n',
  });
});

test('-1 keeps all archives, 0 none; foreign files are left alone', async (t) => {
  for (const [maxArchives, archives] of [
    [-1, 3],
    [0, 0],
  ] as const) {
    const { folder, file, contents } = await setUp(t, { maxBytes: 1, maxArchives });
    await writeFile(join(folder, 'm.notes.json'), 'x');
    for (let i = 0; i < 4; i += 1) await file.append(`${i}\n`);
    const names = Object.keys(await contents());
    assert.ok(names.includes('m.notes.json'));
    assert.equal(names.length, archives + 2);
  }
});

test('begins anew at multiples of the interval, also after a restart', async (t) => {
  const { path, clock, file, contents } = await setUp(t, { intervalMs: HOUR_MS });
  await writeFile(path, 'before the restart\n');
  const yesterday = new Date('2025-12-31T23:59:59Z');
  await utimes(path, yesterday, yesterday);
  await file.append('0:00\n');
  await clock.advance(HOUR_MS - 1);
  await file.append('0:59\n');
  await clock.advance(1);
  await file.append('1:00\n');
  assert.deepEqual(await contents(), {
    'm.20260101T000000.000Z.json': 'before the restart\n',
    'm.20260101T010000.000Z.json': '0:00\n0:59\n',
    'm.json': '1:00\n',
  });
});

test('goes on in a new file when somebody moved or deleted the old one', async (t) => {
  const { folder, path, file, contents } = await setUp(t);
  await file.append('1\n');
  await rename(path, join(folder, 'moved'));
  await file.append('2\n');
  assert.deepEqual(await contents(), { 'm.json': '2\n', moved: '1\n' });
});

const isRoot = process.getuid?.() === 0;

test('a full disk leaves no partial line', { skip: isRoot ? false : 'mounting a small disk needs root' }, async (t) => {
  const folder = await tempFolder(t);
  const disk = join(folder, 'disk');
  await mkdir(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
  const path = join(disk, 'm.json');
  const file = new RotatingFile(path, NEVER, new FakeClock());
  try {
    const line = `${'x'.repeat(49_999)}\n`;
    await file.append(line);
    await assert.rejects(file.append(line), { code: 'ENOSPC' });
    assert.equal((await stat(path)).size, line.length);
    await file.append('small\n');
    assert.equal(await readFile(path, 'utf8'), `${line}small\n`);
  } finally {
    await file.close();
    execFileSync('umount', [disk]);
  }
});
