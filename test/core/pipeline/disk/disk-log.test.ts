import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { memoryFolder } from '../../../support/temp-folder.js';
import { MAX_BYTES, names, numbered, Rig } from './log-rig.js';

test('what was appended is read in order, after a restart too, and what is settled is not read again', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  await rig.log.append(numbered(0, 100));
  await rig.log.append(numbered(100, 150));
  assert.deepEqual(await rig.readAll(), names(0, 150));
  await rig.log.settle(120);
  await rig.log.close();
  await rig.open();
  assert.deepEqual(await rig.readAll(), names(120, 150));
  await rig.log.append(numbered(150, 160));
  assert.deepEqual(await rig.readAll(), names(150, 160));
  await rig.log.settle(160);
  await rig.log.close();
  assert.equal((await rig.open()).log.end, 160);
  assert.deepEqual(await rig.readAll(), []);
  assert.equal(rig.lost, 0);
  await rig.log.close();
});

test('settled segments are deleted, and the log goes round and round in its bound', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  for (let i = 0; i < 200; i += 1) {
    await rig.log.append(numbered(i * 10, i * 10 + 10, 300));
    assert.deepEqual(await rig.readAll(), names(i * 10, i * 10 + 10));
    await rig.log.settle(i * 10 + 10);
    assert.ok((await rig.used()) <= 6 * 4096);
  }
  assert.equal(rig.unread, 0);
  await rig.log.close();
});

test('files are for their owner only', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  await rig.log.append(numbered(0, 1));
  for (const name of ['position', ...(await rig.segments())])
    assert.equal((await stat(join(rig.folder, name))).mode & 0o777, 0o600);
  await rig.log.close();
});

test('at the bound the oldest gives way; the bound holds after each append, whatever the sizes', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  let next = 0;
  for (const size of [...Array(60).fill(500), 7000, ...Array(20).fill(3000), 1, 7900, 7900]) {
    await rig.log.append(numbered(next, next + 3, size));
    next += 3;
    assert.ok((await rig.used()) <= MAX_BYTES, `${await rig.used()}`);
    assert.ok(rig.log.bytes <= MAX_BYTES);
  }
  assert.ok(rig.unread > 0);
  assert.deepEqual(await rig.readAll(), names(rig.unread, next));
  await rig.log.close();
});

test('a bound that is lower than before holds from the start', async (t) => {
  const rig = await new Rig(await memoryFolder(t), 4 * MAX_BYTES).open();
  for (let i = 0; i < 400; i += 50) await rig.log.append(numbered(i, i + 50, 500));
  await rig.log.close();
  const small = await new Rig(rig.folder, MAX_BYTES).open();
  assert.ok((await small.used()) <= MAX_BYTES);
  assert.deepEqual(await small.readAll(), names(rig.unread + small.unread, 400));
  assert.equal(small.lost, 0);
  await small.log.close();
});

test('a metric that is too large is left out alone', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  const metrics = [...numbered(0, 2), ...numbered(99, 100, MAX_BYTES / 8), ...numbered(2, 4)];
  assert.deepEqual(await rig.log.append(metrics), { first: 0, taken: 5, oversize: [2] });
  assert.deepEqual(await rig.readAll(), names(0, 4));
  await rig.log.close();
});

test('an append that is too large for one go says how much it took', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  const { taken } = await rig.log.append(numbered(0, 100, 1000));
  assert.ok(taken > 0 && taken < 100, `${taken}`);
  assert.deepEqual(await rig.readAll(), names(0, taken));
  await rig.log.close();
});

test('what a crash cut off is not there, and what was there before is', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  await rig.log.append(numbered(0, 10));
  const before = await readFile(join(rig.folder, 'position'));
  await rig.log.append(numbered(10, 20));
  await rig.log.close();
  const path = join(rig.folder, (await rig.segments())[0]!);
  const { size } = await stat(path);
  // As if the second append had been under way: the position is that of the first.
  await writeFile(join(rig.folder, 'position'), before);
  await truncate(path, size - 1);
  await rig.open();
  assert.deepEqual(await rig.readAll(), names(0, 10));
  await rig.log.append(numbered(20, 25));
  assert.deepEqual(await rig.readAll(), names(20, 25));
  await rig.log.close();
  assert.deepEqual([rig.lost, rig.log.damagedFiles], [0, 0]);
});

test('a crash before the first frame of a segment was whole: the next one takes its name', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  await rig.log.append(numbered(0, 10));
  await rig.log.close();
  await writeFile(join(rig.folder, '0000000000000010.seg'), 'half a fr');
  await rig.open();
  await rig.log.append(numbered(10, 20));
  assert.deepEqual(await rig.readAll(), names(0, 20));
  await rig.log.settle(10);
  await rig.log.close();
  await rig.open();
  assert.deepEqual(await rig.readAll(), names(10, 20));
  assert.equal(rig.lost, 0);
  await rig.log.close();
});

test('a damaged segment: what is whole is read, what is not is counted, the file is set aside', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  for (let i = 0; i < 20; i += 1) await rig.log.append(numbered(i * 5, i * 5 + 5, 300));
  await rig.log.close();
  const [first] = await rig.segments();
  const bytes = await readFile(join(rig.folder, first!));
  bytes.fill(0, 40, 60);
  await writeFile(join(rig.folder, first!), bytes);
  await rig.open();
  const read = await rig.readAll();
  assert.ok(rig.lost > 0 && rig.lost <= 5, `${rig.lost} lost`);
  assert.deepEqual(read, names(rig.lost, 100));
  await rig.log.settle(100);
  assert.equal(rig.log.damagedFiles, 1);
  assert.ok((await readdir(rig.folder)).includes(`${first}.damaged`));
  // It takes part in the bound, and goes before anything that is good.
  for (let i = 20; i < 60; i += 1) await rig.log.append(numbered(i * 5, i * 5 + 5, 300));
  assert.ok((await rig.used()) <= MAX_BYTES);
  assert.ok(!(await readdir(rig.folder)).includes(`${first}.damaged`));
  await rig.log.close();
});

test('a failed append leaves the log as it was', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  await rig.log.append(numbered(0, 10));
  // A folder stands where the next segment is to be.
  await rig.log.close();
  await rig.open();
  const blocked = join(rig.folder, '0000000000000010.seg');
  await writeFile(join(rig.folder, 'x'), '');
  await rename(join(rig.folder, 'x'), `${blocked}.tmp`);
  await mkdir(blocked);
  await assert.rejects(rig.log.append(numbered(10, 20)), { code: 'EISDIR' });
  assert.equal(rig.log.end, 10);
  await rm(blocked, { recursive: true });
  await rig.log.append(numbered(10, 20));
  assert.deepEqual(await rig.readAll(), names(0, 20));
  await rig.log.close();
});

test('a damaged position is counted, and hides nothing of what is there', async (t) => {
  const rig = await new Rig(await memoryFolder(t)).open();
  await rig.log.append(numbered(0, 20));
  await rig.log.settle(10);
  await rig.log.close();
  await writeFile(join(rig.folder, 'position'), 'x'.repeat(24));
  await rig.open();
  assert.deepEqual([rig.log.damagedFiles, rig.lost, rig.log.end], [1, 0, 20]);
  assert.deepEqual(await rig.readAll(), names(0, 20));
  await rig.log.close();
  assert.equal((await rig.open()).log.damagedFiles, 0, 'once: it is written anew');
  await rig.log.close();
});

/** What may befall the files while no process has them. */
interface Harm {
  readonly kind: 'flip' | 'cut' | 'append' | 'delete';
  readonly file: number;
  /** Part of the file. */
  readonly at: number;
}
type Step = 'restart' | { readonly append: number } | { readonly read: number } | Harm;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 5, arbitrary: fc.record({ read: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 2, arbitrary: fc.constant<Step>('restart') },
  {
    weight: 2,
    arbitrary: fc.record<Harm>({
      kind: fc.constantFrom('flip', 'cut', 'append', 'delete'),
      file: fc.nat(20),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
  },
);

async function doHarm(folder: string, harm: Harm): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.seg')).sort();
  const name = files[harm.file % files.length];
  if (name === undefined) return;
  const path = join(folder, name);
  const { size } = await stat(path);
  if (harm.kind === 'delete') await rm(path);
  else if (harm.kind === 'append') await appendFile(path, 'no frame');
  else if (harm.kind === 'cut') await truncate(path, Math.floor(size * harm.at));
  else {
    const bytes = await readFile(path);
    if (size > 0) bytes[Math.floor(size * harm.at)] = 0x55;
    await writeFile(path, bytes);
  }
}

test('whatever is appended, read, settled, restarted and damaged: nothing is lost uncounted, doubled or out of order', async (t) => {
  const root = await memoryFolder(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      runs += 1;
      const folder = join(root, String(runs));
      await mkdir(folder);
      const rig = await new Rig(folder).open();
      let appended = 0;
      let delivered = 0;
      let last = -1;
      const deliver = async (frames: number): Promise<void> => {
        for (let i = 0; i < frames; i += 1) {
          const run = await rig.log.read();
          await rig.log.settle(rig.log.next);
          if (run === undefined) break;
          for (const { name } of run.metrics) {
            assert.ok(Number(name) > last, `${name} after ${last}`);
            last = Number(name);
            delivered += 1;
          }
        }
      };
      for (const doNext of steps) {
        if (doNext === 'restart' || 'kind' in doNext) {
          await rig.log.close();
          if (doNext !== 'restart') await doHarm(folder, doNext);
          await rig.open();
        } else if ('append' in doNext) {
          const { taken } = await rig.log.append(numbered(appended, appended + doNext.append, 100));
          appended += taken;
          assert.ok((await rig.used()) <= MAX_BYTES);
        } else await deliver(doNext.read);
      }
      await deliver(Number.POSITIVE_INFINITY);
      assert.equal(delivered + rig.lost + rig.unread, appended);
      assert.deepEqual(rig.errors, []);
      await rig.log.close();
      await rm(folder, { recursive: true });
    }),
    { numRuns: 150 },
  );
});
