import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RegistryError } from '../../../controller/registry-error.js';
import { MemoryStore, type MemoryStoreContext } from '../../../controller/store/memory-store.js';
import { encodeRecord } from '../../../controller/store/record-lines.js';
import { StartupError } from '../../../core/errors.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { MemoryLog } from '../../support/memory-log.js';
import { tempFolder } from '../../support/temp-folder.js';
import { waitFor } from '../../support/wait-for.js';
import { entry, Holder, KEY_B } from '../entries.js';

async function snapshotPath(t: TestContext): Promise<string> {
  return join(await tempFolder(t), 'registry');
}

async function openStore(t: TestContext, snapshot: string, changes: Partial<MemoryStoreContext> = {}) {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const store = new MemoryStore({ type: 'memory', snapshot }, { clock, log, ...changes });
  t.after(() => store.close());
  const holder = new Holder();
  await store.open(holder);
  return { store, clock, log, holder };
}

/** What a controller finds that starts now. */
async function reopened(t: TestContext, snapshot: string) {
  const found = await openStore(t, snapshot);
  await found.store.close();
  return found;
}

/** A path with the journal of a store that was killed: nothing was closed. */
async function withJournal(t: TestContext): Promise<string> {
  const path = await snapshotPath(t);
  const { store } = await openStore(t, path);
  for (const id of ['a', 'b', 'c']) await store.put(entry(id, 1));
  return path;
}

test('what was acknowledged is there after a restart', async (t) => {
  const path = await snapshotPath(t);
  const { store } = await openStore(t, path);
  await Promise.all(['a', 'b', 'c'].map((id) => store.put(entry(id, 1, { labels: { tor: `of-${id}` } }))));
  await store.put(entry('a', 2, { labels: { tor: 'moved' } }));
  await store.delete(entry('b', 1));
  const { holder, log } = await reopened(t, path);
  assert.deepEqual(
    [...holder.entries.values()],
    [entry('a', 2, { labels: { tor: 'moved' } }), entry('c', 1, { labels: { tor: 'of-c' } })],
  );
  assert.deepEqual(log.lines, []);
});

test('without a snapshot nothing is written', async (t) => {
  const { store, holder } = await openStore(t, '');
  await store.put(entry('a', 1));
  await store.put(entry('a', 2));
  await assert.rejects(store.put(entry('a', 3, { keyHash: KEY_B })), RegistryError);
  assert.equal(holder.availability.length, 0);
});

test('of two that claim an id at once one is refused', async (t) => {
  const { store } = await openStore(t, await snapshotPath(t));
  const [first, second] = await Promise.allSettled([
    store.put(entry('a', 1)),
    store.put(entry('a', 1, { keyHash: KEY_B })),
  ]);
  assert.equal(first.status, 'fulfilled');
  assert.equal(
    second.status === 'rejected' && second.reason instanceof RegistryError && second.reason.reason,
    'not_yours',
  );
});

test('a heartbeat costs no write of its own; when agents were seen is written now and then', async (t) => {
  const path = await snapshotPath(t);
  const { store, clock } = await openStore(t, path);
  await store.put(entry('a', 1));
  await store.put(entry('b', 1));
  const before = (await stat(`${path}.journal`)).size;
  for (let seen = 2; seen < 100; seen += 1) await store.put(entry('a', seen));
  assert.equal((await stat(`${path}.journal`)).size, before);
  await clock.advance(10_000);
  await store.put(entry('c', 1));
  const { holder } = await reopened(t, path);
  assert.deepEqual([...holder.entries.values()], [entry('a', 99), entry('b', 1), entry('c', 1)]);
});

test('when agents were seen is written at the end too', async (t) => {
  const path = await snapshotPath(t);
  const { store, clock } = await openStore(t, path);
  await store.put(entry('a', 1));
  await store.put(entry('a', 2));
  await store.close();
  await store.close();
  assert.equal(clock.pending, 0);
  assert.equal((await reopened(t, path)).holder.get('a')?.entry.lastSeenMs, 2);
});

test('the journal is bounded: the snapshot takes it over', async (t) => {
  const path = await snapshotPath(t);
  const { store } = await openStore(t, path, { minCompactBytes: 2000 });
  const sizes: number[] = [];
  for (let i = 0; i < 200; i += 1) {
    await store.put(entry(`agent-${i % 5}`, i, { labels: { change: String(i) } }));
    sizes.push((await stat(`${path}.journal`)).size);
  }
  const lineBytes = sizes[0] ?? 0;
  assert.ok(Math.max(...sizes) <= 2000 + 2 * lineBytes, String(Math.max(...sizes)));
  const { holder } = await reopened(t, path);
  assert.deepEqual([...holder.entries.values()].map(({ labels }) => labels.change).sort(), [
    '195',
    '196',
    '197',
    '198',
    '199',
  ]);
});

test('registrations that wait together are written and acknowledged together', async (t) => {
  const { store } = await openStore(t, await snapshotPath(t));
  let turn = 0;
  const turns = new Set<number>();
  const puts = Array.from({ length: 1000 }, (_, i) => store.put(entry(`agent-${i}`, 1)).then(() => turns.add(turn)));
  const all = Promise.all(puts).then(() => true);
  const count = (): void => {
    turn += 1;
  };
  await waitFor('all registrations', () => Promise.race([all, settle()]), { turn: count });
  assert.equal(turns.size, 1);
});

test('a torn end of the journal is cut off and reported', async (t) => {
  const path = await withJournal(t);
  const { size } = await stat(`${path}.journal`);
  await truncate(`${path}.journal`, size - 3);
  const { holder, log } = await reopened(t, path);
  assert.deepEqual([...holder.entries.keys()], ['a', 'b']);
  assert.match(log.messages('warn').join(), /cut short/);
  assert.deepEqual((await readdir(join(path, '..'))).sort(), ['registry', 'registry.journal']);
  const again = await reopened(t, path);
  assert.deepEqual([...again.holder.entries.keys()], ['a', 'b']);
  assert.deepEqual(again.log.lines, []);
});

test('a damaged line costs itself; the file is set aside and reported', async (t) => {
  const path = await withJournal(t);
  const text = await readFile(`${path}.journal`, 'utf8');
  await writeFile(`${path}.journal`, text.replace('"id":"b"', '"id":"x"'));
  const { holder, log } = await reopened(t, path);
  assert.deepEqual([...holder.entries.keys()], ['a', 'c']);
  assert.match(log.messages('error').join(), /damaged/);
  const aside = (await readdir(join(path, '..'))).filter((name) => name.includes('.corrupt-'));
  assert.equal(aside.length, 1);
  assert.match(await readFile(join(path, '..', aside[0] ?? ''), 'utf8'), /"id":"x"/);
  assert.deepEqual((await reopened(t, path)).log.lines, []);
});

for (const [what, damage] of [
  ['garbage', (path: string) => writeFile(path, Buffer.from([0xff, 0, 0xfe, 0x0a, 7]))],
  ['zeroes', (path: string) => writeFile(path, Buffer.alloc(4096))],
  ['of another version', (path: string) => writeFile(path, encodeRecord({ weft: 'registry', version: 2 }))],
] as const) {
  test(`a snapshot that is ${what} does not stop the start, and the journal still counts`, async (t) => {
    const path = await withJournal(t);
    await damage(path);
    const { holder, log } = await reopened(t, path);
    assert.deepEqual([...holder.entries.keys()], ['a', 'b', 'c']);
    assert.equal(log.messages('error').length, 1);
    assert.equal((await readdir(join(path, '..'))).filter((name) => name.startsWith('registry.corrupt-')).length, 1);
  });
}

test('a crash between the new snapshot and the emptied journal changes nothing', async (t) => {
  const path = await snapshotPath(t);
  const { store } = await openStore(t, path);
  for (const id of ['a', 'b', 'c']) await store.put(entry(id, 1));
  await store.put(entry('a', 2, { labels: { tor: 't2' } }));
  await store.delete(entry('b', 1));
  await store.put(entry('b', 3));
  const journal = await readFile(`${path}.journal`);
  const before = await reopened(t, path);
  await writeFile(`${path}.journal`, journal);
  const after = await reopened(t, path);
  const byId = ({ holder }: typeof after) => Object.fromEntries(holder.entries);
  assert.deepEqual(byId(after), byId(before));
  assert.equal(after.holder.get('a')?.entry.labels.tor, 't2');
});

test('a folder that is not there is told at the start', async (t) => {
  const path = join(await tempFolder(t), 'missing', 'registry');
  await assert.rejects(openStore(t, path), StartupError);
});

test('a disk that fails is told; when it works again everything that was acknowledged is there', async (t) => {
  const folder = join(await tempFolder(t), 'disk');
  await mkdir(folder);
  const path = join(folder, 'registry');
  const { store, holder } = await openStore(t, path, { minCompactBytes: 0 });
  await store.put(entry('a', 1));
  await rename(folder, `${folder}-away`);
  await assert.rejects(store.put(entry('b', 1)));
  await assert.rejects(store.put(entry('a', 2, { labels: { tor: 't2' } })));
  assert.deepEqual(holder.availability, [false]);
  await rename(`${folder}-away`, folder);
  await store.put(entry('c', 1));
  assert.deepEqual(holder.availability, [false, true]);
  const after = await reopened(t, path);
  assert.deepEqual([...after.holder.entries.values()], [entry('a', 1), entry('c', 1)]);
});

test('the files are for their owner only', async (t) => {
  const path = await withJournal(t);
  for (const name of [path, `${path}.journal`]) assert.equal((await stat(name)).mode & 0o777, 0o600);
});

const KILLS = 20;
const PROGRAM = fileURLToPath(new URL('./registering-process.js', import.meta.url));

test(`no acknowledged registration is lost by ${KILLS} kills at random moments`, { timeout: 120_000 }, async (t) => {
  const path = await snapshotPath(t);
  /** Id → number of its last acknowledged registration. */
  const acknowledged = new Map<string, number>();
  let next = 1;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const target = 1 + Math.floor(Math.random() * 600);
    const child = spawn(process.execPath, [PROGRAM, path, String(next)], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [id = '', number = ''] = line.split(' ');
      acknowledged.set(id, Math.max(Number(number), acknowledged.get(id) ?? 0));
      next = Math.max(next, Number(number) + 100);
      lines += 1;
      if (lines === target) child.kill('SIGKILL');
    }
    assert.deepEqual(await exited, [null, 'SIGKILL']);
    const { holder, log } = await openStoreAsFound(t, path);
    for (const [id, number] of acknowledged) {
      const found = holder.get(id)?.entry;
      assert.ok(
        found !== undefined && found.lastSeenMs >= number,
        `${id}: ${number} acknowledged, ${found?.lastSeenMs} found`,
      );
      assert.equal(found.endpoints[0]?.port, found.lastSeenMs % 65_536);
    }
    assert.deepEqual(log.messages('error'), []);
  }
});

/** Reads a copy, so that the next process finds what the kill left. */
async function openStoreAsFound(t: TestContext, path: string) {
  const folder = await tempFolder(t);
  const copy = join(folder, 'registry');
  for (const suffix of ['', '.journal']) {
    const bytes = await readFile(`${path}${suffix}`).catch(() => undefined);
    if (bytes !== undefined) await writeFile(`${copy}${suffix}`, bytes);
  }
  const found = await reopened(t, copy);
  await rm(folder, { recursive: true });
  return found;
}
