import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError, StartupError } from '../../../../core/errors.js';
import type { Metric } from '../../../../core/metric.js';
import { DiskBuffer } from '../../../../core/pipeline/disk/disk-buffer.js';
import { Fates } from '../../../../core/pipeline/fates.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { metricOf } from '../../../support/fake-output.js';
import { MemoryLog } from '../../../support/memory-log.js';
import { memoryFolder } from '../../../support/temp-folder.js';

const clock = new FakeClock();

function bufferIn(folder: string, { maxBytes = 1024 * 1024, limit = 1000 } = {}) {
  const log = new MemoryLog();
  const buffer = new DiskBuffer({ folder, maxBytes, limit, clock, log });
  return { buffer, log };
}

async function opened(t: TestContext, options: Parameters<typeof bufferIn>[1] = {}) {
  const folder = await memoryFolder(t);
  const made = bufferIn(folder, options);
  await made.buffer.open();
  t.after(() => made.buffer.close());
  return { ...made, folder };
}

const namesOf = (metrics: readonly Metric[]): string[] => metrics.map(({ name }) => name);
const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));

function add(buffer: DiskBuffer, from: number, to: number, padding = ''): void {
  for (const name of names(from, to)) buffer.add(metricOf(name, { padding }));
}

function accept(buffer: DiskBuffer, batch: readonly Metric[], count = batch.length): void {
  const fates = new Fates(batch.length);
  fates.acceptAll(0, count);
  buffer.settle(batch, fates);
}

/** Every metric is somewhere. */
function checkTally({ tally, length }: DiskBuffer): void {
  const { added, recovered, written, rejected, dropped } = tally;
  assert.equal(added + recovered, written + rejected.total + dropped.total + length);
}

test('what is on the disk is written after a restart, and only what was not accepted', async (t) => {
  const { buffer, folder } = await opened(t);
  add(buffer, 0, 50);
  const batch = await buffer.takeBatch(20);
  assert.deepEqual(namesOf(batch), names(0, 20));
  accept(buffer, batch, 15);
  await buffer.close();
  assert.equal(buffer.length, 35);
  const { buffer: next, log } = bufferIn(folder);
  await next.open();
  assert.equal(next.tally.recovered, 35);
  assert.equal(log.lines.at(-1)?.fields.metrics, 35);
  assert.deepEqual(namesOf(await next.takeBatch(100)), names(15, 50));
  checkTally(next);
  await next.close();
});

test('metrics are put on the disk a tenth of a second after the first of them came, all at once', async (t) => {
  const { buffer } = await opened(t);
  add(buffer, 0, 5);
  await clock.advance(99);
  add(buffer, 5, 10);
  assert.equal(buffer.disk.metrics, 0);
  await clock.advance(1);
  // In line behind what the timer set going.
  assert.equal(await buffer.persist(), true);
  assert.equal(buffer.disk.metrics, 10);
  assert.equal(clock.pending, 0);
});

test('a part of a batch that is kept comes again first, in order', async (t) => {
  const { buffer } = await opened(t);
  add(buffer, 0, 10);
  const batch = await buffer.takeBatch(6);
  const fates = new Fates(6);
  fates.accept(1);
  fates.reject(3, 'invalid');
  buffer.settle(batch, fates);
  assert.deepEqual(namesOf(await buffer.takeBatch(100)), ['0', '2', '4', '5', '6', '7', '8', '9']);
  checkTally(buffer);
});

test('what gives way at the bound is counted, in a batch too when it comes back', async (t) => {
  const { buffer } = await opened(t);
  add(buffer, 0, 10, 'x'.repeat(1000));
  const batch = await buffer.takeBatch(10);
  for (let i = 10; i < 2010; i += 100) {
    add(buffer, i, i + 100, 'x'.repeat(1000));
    await buffer.persist();
  }
  checkTally(buffer);
  assert.equal(buffer.length - 10 + buffer.tally.dropped.total, 2000);
  buffer.settle(batch, new Fates(10));
  checkTally(buffer);
  assert.deepEqual([...buffer.tally.dropped.counts.keys()], ['max_bytes']);
  const [first] = await buffer.takeBatch(1);
  assert.equal(first?.name, String(buffer.tally.dropped.total));
  assert.ok(buffer.disk.bytes <= buffer.disk.maxBytes);
});

test('a metric that is too large for the disk is counted, and not in the way of others', async (t) => {
  const { buffer } = await opened(t);
  add(buffer, 0, 2);
  add(buffer, 2, 3, 'x'.repeat(200_000));
  add(buffer, 3, 5);
  assert.deepEqual(namesOf(await buffer.takeBatch(10)), ['0', '1', '3', '4']);
  assert.deepEqual([...buffer.tally.dropped.counts], [['oversize', 1]]);
  checkTally(buffer);
});

test('while the disk fails metrics go on from memory, after what the disk has; then it is used again', async (t) => {
  const { buffer, folder, log } = await opened(t);
  add(buffer, 0, 5);
  await buffer.persist();
  await buffer.close();
  await buffer.open();
  // The next segment cannot be made where a folder stands.
  const blocked = join(folder, '0000000000000005.seg');
  await mkdir(blocked);
  add(buffer, 5, 10);
  assert.equal(await buffer.persist(), false);
  assert.match(log.lines.at(-1)?.message ?? '', /cannot be written/);
  for (const expected of [names(0, 5), names(5, 10)]) {
    const batch = await buffer.takeBatch(100);
    assert.deepEqual(namesOf(batch), expected);
    accept(buffer, batch);
  }
  add(buffer, 10, 15);
  const kept = await buffer.takeBatch(100);
  buffer.settle(kept, new Fates(kept.length));
  await rm(blocked, { recursive: true });
  await clock.advance(60_000);
  assert.equal(await buffer.persist(), true);
  assert.equal(buffer.disk.metrics, 5);
  assert.ok(buffer.disk.errors > 0);
  assert.deepEqual(namesOf(await buffer.takeBatch(100)), names(10, 15));
  assert.equal(buffer.tally.dropped.total, 0);
  checkTally(buffer);
});

test('when the memory is full, too, the oldest are dropped and counted; a close keeps the rest for a successor', async (t) => {
  const { buffer, folder } = await opened(t, { limit: 10 });
  await mkdir(join(folder, '0000000000000000.seg'));
  add(buffer, 0, 25);
  assert.equal(await buffer.persist(), false);
  assert.deepEqual([...buffer.tally.dropped.counts], [['overflow', 15]]);
  await buffer.close();
  assert.deepEqual(namesOf(buffer.drain()), names(15, 25));
  checkTally(buffer);
});

test('what is added before it is open is not lost', async (t) => {
  const { buffer } = bufferIn(await memoryFolder(t));
  add(buffer, 0, 3);
  await buffer.open();
  assert.deepEqual(namesOf(await buffer.takeBatch(10)), names(0, 3));
  await buffer.close();
  assert.equal(buffer.length, 3);
});

test('closed and opened again, as after a reload that failed: the same metrics, the same counters', async (t) => {
  const { buffer } = await opened(t);
  add(buffer, 0, 30);
  accept(buffer, await buffer.takeBatch(10));
  await buffer.takeBatch(10);
  await buffer.close();
  await buffer.open();
  assert.deepEqual([buffer.tally.added, buffer.tally.recovered, buffer.length], [30, 0, 20]);
  assert.deepEqual(namesOf(await buffer.takeBatch(100)), names(10, 30));
  checkTally(buffer);
});

test('a long backlog is read back whole and in order, in batches of any size', async (t) => {
  const { buffer } = await opened(t, { maxBytes: 16 * 1024 * 1024, limit: 100_000 });
  add(buffer, 0, 12_000);
  await buffer.persist();
  const seen: string[] = [];
  for (let size = 1; ; size = (size * 7) % 1009) {
    const batch = await buffer.takeBatch(size);
    if (batch.length === 0) break;
    seen.push(...namesOf(batch));
    accept(buffer, batch);
  }
  assert.deepEqual(seen, names(0, 12_000));
  await buffer.close();
  assert.equal(buffer.length, 0);
});

test('what is damaged is counted, as are its files, across a reopening too; the rest is written', async (t) => {
  const { buffer, folder } = await opened(t);
  for (const [from, to] of [
    [0, 5],
    [5, 20],
  ] as const) {
    add(buffer, from, to);
    await buffer.persist();
  }
  await buffer.close();
  const [segment = ''] = (await readdir(folder)).filter((name) => name.endsWith('.seg'));
  const bytes = await readFile(join(folder, segment));
  // Of the lines of the first frame.
  bytes.fill(0, 40, 60);
  await writeFile(join(folder, segment), bytes);
  await writeFile(join(folder, 'position'), 'no position');
  const { buffer: next, log } = bufferIn(folder);
  await next.open();
  assert.deepEqual(namesOf(await next.takeBatch(100)), names(5, 20));
  assert.deepEqual([Object.fromEntries(next.tally.dropped.counts), next.disk.damagedFiles], [{ damaged: 5 }, 1]);
  assert.match(log.messages('error').join(), /damaged: metrics are lost/);
  checkTally(next);
  await next.close();
  await rm(join(folder, segment));
  await next.open();
  assert.deepEqual([Object.fromEntries(next.tally.dropped.counts), next.disk.damagedFiles], [{ damaged: 20 }, 1]);
  checkTally(next);
  await next.close();
});

test('a directory that cannot be used is a mistake in the configuration, with what to do', async (t) => {
  const folder = await memoryFolder(t);
  await writeFile(join(folder, 'file'), '');
  for (const [path, message] of [
    [join(folder, 'a', 'b'), /a does not exist: create it/],
    [join(folder, 'file'), /it is no directory/],
    [join(folder, 'file', 'b'), /a part of this path is a file/],
    ['/proc/self/buffer', /does not exist|cannot be created/],
  ] as const) {
    await assert.rejects(bufferIn(path).buffer.open(), (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.equal(error.issues[0]?.path, 'buffer.directory');
      assert.match(error.message, message);
      return true;
    });
  }
  const { buffer } = bufferIn(join(folder, 'new'));
  await buffer.open();
  await buffer.close();
  assert.deepEqual(await readdir(join(folder, 'new')), ['position']);
});

test('a directory that is in use is refused, and free again after a close', async (t) => {
  const { buffer, folder } = await opened(t);
  const other = bufferIn(folder).buffer;
  await assert.rejects(other.open(), (error) => {
    assert.ok(error instanceof StartupError && error.retryable);
    assert.match(error.message, /is in use/);
    return true;
  });
  await buffer.close();
  await other.open();
  await other.close();
});

type Step =
  | { readonly add: number; readonly size: number }
  | { readonly take: number; readonly accepted: number[]; readonly rejected: number[] }
  | 'persist'
  | 'restart'
  | 'reopen';

const indices = fc.array(fc.nat(60), { maxLength: 40 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 60 }), size: fc.constantFrom(0, 1000, 8000) }) },
  { weight: 5, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 60 }), accepted: indices, rejected: indices }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>('persist', 'restart', 'reopen') },
);

/** What one buffer after the other made of all metrics. */
class Books {
  added = 0;
  written = 0;
  lost = 0;
  /** Metrics that were settled behind one that was kept, at a close: they may come again, once. */
  again = 0;
  readonly #settled = new Set<string>();
  #repeats = 0;

  note(batch: readonly Metric[], fates: Fates): void {
    const sequence = batch.map(({ name }) => Number(name));
    assert.deepEqual(
      sequence,
      [...sequence].sort((a, b) => a - b),
    );
    for (const [i, { name }] of batch.entries()) {
      if (this.#settled.has(name)) this.#repeats += 1;
      assert.ok(this.#repeats <= this.again, `${name} comes again after it was settled`);
      if (fates.isKept(i)) this.#settled.delete(name);
      else this.#settled.add(name);
    }
  }

  retire({ tally: { written, rejected, dropped } }: DiskBuffer): void {
    this.written += written;
    this.lost += rejected.total + dropped.total;
  }
}

test('whatever is added, taken, settled and restarted: every metric is accepted or counted, in order, and comes once', async (t) => {
  const root = await memoryFolder(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      runs += 1;
      const folder = join(root, String(runs));
      let { buffer } = bufferIn(folder, { limit: 100 });
      await buffer.open();
      const books = new Books();
      for (const next of steps) {
        if (next === 'persist') await buffer.persist();
        else if (next === 'reopen' || next === 'restart') {
          await buffer.close();
          assert.deepEqual(buffer.drain(), []);
          const [left, recovered] = [buffer.length, next === 'restart' ? 0 : buffer.tally.recovered];
          if (next === 'restart') {
            books.retire(buffer);
            ({ buffer } = bufferIn(folder, { limit: 100 }));
          }
          await buffer.open();
          books.again += buffer.tally.recovered - recovered - (next === 'restart' ? left : 0);
        } else if ('add' in next) {
          add(buffer, books.added, books.added + next.add, 'x'.repeat(next.size));
          books.added += next.add;
        } else {
          const batch = await buffer.takeBatch(next.take);
          const fates = new Fates(batch.length);
          fates.apply(0, batch.length, next.accepted, next.rejected);
          books.note(batch, fates);
          buffer.settle(batch, fates);
        }
        checkTally(buffer);
        assert.ok(buffer.disk.bytes <= buffer.disk.maxBytes);
      }
      await buffer.close();
      books.retire(buffer);
      assert.equal(books.written + books.lost + buffer.length, books.added + books.again);
      await rm(folder, { recursive: true });
    }),
    { numRuns: 150 },
  );
});
