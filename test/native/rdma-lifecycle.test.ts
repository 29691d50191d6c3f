/** RDMA engines and threads: what ends a slice, and that nothing of a device is left behind, whoever goes first. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  close,
  createRdmaEngine,
  createUdpProber,
  type EngineHandle,
  rdmaStatus,
  setTargets,
  stats,
} from '../../native/index.js';
import { proberOptions, SliceWorker } from '../support/engine.js';
import { describeLifeOf, SOON } from '../support/engine-life.js';
import { startFakeVerbs } from '../support/fake-verbs.js';
import { ownFakeVerbs, rdmaEngineOptions, selfTarget } from '../support/rdma-rig.js';
import { until, waitFor } from '../support/wait-for.js';

const configured = ownFakeVerbs();

const create = (): EngineHandle => createRdmaEngine(rdmaEngineOptions());

function worker(t: TestContext): SliceWorker {
  const thread = new SliceWorker();
  t.after(() => thread.terminate());
  return thread;
}

/** Pumps until `enough` probes were answered. */
async function untilAnswered(thread: SliceWorker, engine: EngineHandle, enough: number): Promise<void> {
  const turn = () => thread.slice(engine, 100);
  await waitFor(`${enough} answers`, () => (stats(engine).success ?? 0) >= enough, { turn, seen: () => stats(engine) });
}

/** That nothing is open any more and that nothing was done that a driver does not bear. */
async function assertNothingLeft(devices: Awaited<ReturnType<typeof configured>>): Promise<void> {
  assert.equal(await devices.command('qps fake0'), '');
  const counts = await devices.counts('all', 'leaked', 'busy', 'misuse');
  assert.deepEqual(counts, { leaked: 0, busy: 0, misuse: 0 });
  // Refused while a device is open.
  await configured();
}

describeLifeOf('RDMA engine', create);

describe('RDMA engine', () => {
  test('is told from others by its status, and has none once it is closed', async (t) => {
    await configured();
    const other = createUdpProber(proberOptions());
    t.after(() => close(other));
    const engine = create();
    assert.equal(rdmaStatus(engine).state, 'active');
    close(engine);
    for (const handle of [engine, other]) assert.throws(() => rdmaStatus(handle), /closed, or not one of RDMA/);
  });

  test('is closed with probes under way, in the middle of a slice', SOON, async (t) => {
    const devices = await configured();
    await devices.command('fault all drop p=1');
    const engine = create();
    setTargets(engine, [selfTarget(engine)]);
    const thread = worker(t);
    await until(() => stats(engine).outstanding! > 0, { turn: () => thread.slice(engine, 20) });
    const { ended } = await thread.begin(engine, 10_000);
    close(engine);
    assert.ok((await ended).closed);
    await assertNothingLeft(devices);
  });

  test('is closed while its device is away', SOON, async (t) => {
    const devices = await configured();
    const engine = create();
    const thread = worker(t);
    await devices.command('remove fake0');
    await until(() => rdmaStatus(engine).state === 'gone', { turn: () => thread.slice(engine, 100) });
    const { ended } = await thread.begin(engine, 10_000);
    close(engine);
    assert.ok((await ended).closed);
    await assertNothingLeft(devices);
  });

  test('is closed while an address is resolved, and waits for nothing', SOON, async (t) => {
    const devices = await configured();
    // Two minutes, or until it is set to less.
    await devices.command('set fake0 resolve_us 120000000');
    const engine = create();
    setTargets(engine, [selfTarget(engine)]);
    const thread = worker(t);
    // The first probe waits for the address, the second is not sent.
    await until(() => stats(engine).send_error! > 0, { turn: () => thread.slice(engine, 100) });
    close(engine);
    assert.deepEqual(await devices.counts('fake0', 'contexts', 'qps'), { contexts: 1, qps: 0 });
    await devices.command('set fake0 resolve_us 0');
    await until(async () => (await devices.count('fake0', 'contexts')) === 0, { turn: setImmediate });
    await assertNothingLeft(devices);
  });

  test('outlives the threads that pumped it, ended within a slice or between two', SOON, async (t) => {
    const devices = await configured();
    const engine = create();
    t.after(() => close(engine));
    setTargets(engine, [selfTarget(engine)]);
    for (let round = 0; round < 6; round += 1) {
      const thread = new SliceWorker();
      const { ended } = await thread.begin(engine, 50);
      if (round % 2 === 0) await ended;
      await thread.terminate();
    }
    const before = stats(engine).success ?? 0;
    await untilAnswered(worker(t), engine, before + 3);
    close(engine);
    await assertNothingLeft(devices);
  });

  test('engines leave no descriptor, no thread and no object of the device behind', SOON, async (t) => {
    const devices = await configured();
    const thread = worker(t);
    const cycle = async (): Promise<void> => {
      const engine = create();
      setTargets(engine, [selfTarget(engine)]);
      await untilAnswered(thread, engine, 1);
      close(engine);
    };
    const held = (): number[] => ['fd', 'task'].map((kind) => readdirSync(`/proc/self/${kind}`).length);
    await cycle();
    const before = held();
    for (let n = 0; n < 20; n += 1) await cycle();
    for (let n = 0; n < 100; n += 1) close(create());
    assert.deepEqual(held(), before);
    await assertNothingLeft(devices);
  });
});

describe('a process ends with an RDMA engine open', () => {
  const program = fileURLToPath(new URL('./rdma-exit-process.js', import.meta.url));
  for (const [how, mode] of [
    ['that nobody pumps', 'idle'],
    ['in the middle of a slice', 'pumped'],
    ['whose device has gone', 'gone'],
    ['that was made by a thread that has ended', 'thread'],
  ] as const) {
    test(how, SOON, async (t) => {
      const verbs = await startFakeVerbs(t, 'devices=2');
      const child = spawn(process.execPath, [program, mode], {
        env: { ...process.env, ...verbs.env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      t.after(() => child.kill('SIGKILL'));
      const exit = once(child, 'exit');
      // Printed when it is open.
      await Promise.race([once(child.stdout, 'data'), exit]);
      if (mode === 'gone') await (await verbs.next()).command('remove fake0');
      assert.deepEqual(await exit, [0, null]);
    });
  }
});
