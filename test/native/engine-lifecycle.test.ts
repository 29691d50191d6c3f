/** Engines and threads: who may pump, what ends a slice, what is left behind. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { NativeError } from '../../core/errors.js';
import {
  buildInfo,
  close,
  createTcpReflector,
  createUdpProber,
  createUdpReflector,
  type EngineHandle,
  port,
  RESULT_NAMES,
  setTargets,
  stats,
} from '../../native/index.js';
import { engineTarget, proberOptions, reflectorOptions, SliceWorker, tcpReflectorOptions } from '../support/engine.js';
import { describeLifeOf, ENDLESS_MS, SOON } from '../support/engine-life.js';
import { startPump } from '../support/engine-pump.js';
import { freeUdpPort } from '../support/free-port.js';

const { EADDRINUSE, EADDRNOTAVAIL } = constants.errno;

function worker(t: TestContext): SliceWorker {
  const thread = new SliceWorker();
  t.after(() => thread.terminate());
  return thread;
}

function prober(t: TestContext): EngineHandle {
  const engine = createUdpProber(proberOptions());
  t.after(() => close(engine));
  return engine;
}

/** Someone to probe. */
function reflectorPort(t: TestContext): number {
  const engine = createUdpReflector(reflectorOptions());
  const pumping = startPump(engine);
  t.after(() => pumping.stop());
  return port(engine);
}

const engines = [
  ['prober', () => createUdpProber(proberOptions())],
  ['reflector', () => createUdpReflector(reflectorOptions())],
  ['TCP reflector', () => createTcpReflector(tcpReflectorOptions())],
] as const;

for (const [name, create] of engines) describeLifeOf(name, create);

test('a slice ends when there are new targets', SOON, async (t) => {
  const engine = prober(t);
  const { ended } = await worker(t).begin(engine, ENDLESS_MS);
  setTargets(engine, [engineTarget(reflectorPort(t))]);
  assert.ok(!(await ended).closed);
});

test('several threads pump one engine in turn', SOON, async (t) => {
  const engine = prober(t);
  const threads = [worker(t), worker(t), worker(t)];
  setTargets(engine, [engineTarget(reflectorPort(t))]);
  const sequences: number[] = [];
  for (let turn = 0; sequences.length < 20; turn += 1) {
    const slice = await threads[turn % threads.length]!.slice(engine, 30);
    for (let i = 0; i < slice.count; i += 1) {
      assert.equal(RESULT_NAMES[slice.result(i)], 'success');
      sequences.push(slice.sequence(i));
    }
  }
  assert.deepEqual(
    sequences,
    sequences.map((_, i) => (sequences[0]! + i) >>> 0),
  );
});

test('what one slice has no room for comes with the next', SOON, async (t) => {
  const engine = prober(t);
  const thread = worker(t);
  // The address is refused: a record of each is there at once.
  const refused = { address: '255.255.255.255', intervalUs: 1000 };
  const ids = Array.from({ length: 50 }, (_, i) => i + 1);
  setTargets(
    engine,
    ids.map((id) => engineTarget(9, { ...refused, id })),
  );
  const counts = new Map<number, number>();
  const sequences = new Map<number, number>();
  while (counts.size < ids.length || Math.min(...counts.values()) < 3) {
    const slice = await thread.slice(engine, 1000, 7);
    assert.ok(slice.count >= 1 && slice.count <= 7);
    for (let i = 0; i < slice.count; i += 1) {
      const id = slice.targetId(i);
      const last = sequences.get(id);
      if (last !== undefined) assert.equal(slice.sequence(i), (last + 1) >>> 0);
      sequences.set(id, slice.sequence(i));
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
});

test('what a slice has no room for comes also after the engine is closed', SOON, async (t) => {
  const engine = prober(t);
  const thread = worker(t);
  const refused = { address: '255.255.255.255', intervalUs: 1000 };
  setTargets(
    engine,
    Array.from({ length: 50 }, (_, i) => engineTarget(9, { ...refused, id: i + 1 })),
  );
  let [taken, failed] = [0, 0];
  while (failed === taken) {
    taken += (await thread.slice(engine, 1000, 7)).count;
    failed = stats(engine).send_error ?? 0;
  }
  close(engine);
  for (let closed = false; !closed; ) {
    const slice = await thread.slice(engine, 1000, 7);
    taken += slice.count;
    closed = slice.closed;
  }
  assert.equal(taken, failed);
});

test('a thread that is terminated in the middle of a slice takes nothing with it', SOON, async (t) => {
  const engine = prober(t);
  setTargets(engine, [engineTarget(reflectorPort(t))]);
  for (let round = 0; round < 5; round += 1) {
    const thread = new SliceWorker();
    await thread.begin(engine, 50);
    await thread.terminate();
  }
  const thread = worker(t);
  let successes = 0;
  while (successes < 3) successes += (await thread.slice(engine, 100)).count;
  assert.ok(stats(engine).success! >= 3);
});

test('engines leave no descriptor behind', async (t) => {
  // Nobody pumps it: no thread may be about to start while descriptors are counted.
  const silent = createUdpReflector(reflectorOptions());
  t.after(() => close(silent));
  const thread = worker(t);
  const cycle = async (): Promise<void> => {
    for (const [, create] of engines) {
      const engine = create();
      setTargets(engine, [engineTarget(port(silent), { paths: 3, intervalUs: 100 })]);
      await thread.slice(engine, 1);
      close(engine);
    }
  };
  await cycle();
  const before = readdirSync('/proc/self/fd').length;
  for (let n = 0; n < 20; n += 1) await cycle();
  for (let n = 0; n < 1000; n += 1) for (const [, create] of engines) close(create());
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

describe('options', () => {
  test('a reflector gets any port, or the one it asks for', async () => {
    const any = createUdpReflector(reflectorOptions());
    assert.ok(port(any) > 0);
    close(any);
    const free = await freeUdpPort();
    const first = createUdpReflector(reflectorOptions({ port: free }));
    assert.equal(port(first), free);
    assert.throws(
      () => createUdpReflector(reflectorOptions({ port: free })),
      (error: unknown) =>
        error instanceof NativeError &&
        error.errno === EADDRINUSE &&
        error.syscall === 'bind' &&
        /in use/.test(error.message),
    );
    close(first);
    const second = createUdpReflector(reflectorOptions({ port: free }));
    assert.equal(port(second), free);
    close(second);
  });

  test('an address of another host is refused by the system', () => {
    assert.throws(
      () => createUdpReflector(reflectorOptions({ address: '192.0.2.1' })),
      (error: unknown) => error instanceof NativeError && error.errno === EADDRNOTAVAIL && error.syscall === 'bind',
    );
  });

  for (const [what, create] of [
    ['address: "host"', () => createUdpReflector(reflectorOptions({ address: 'host' }))],
    ['address: ""', () => createUdpReflector(reflectorOptions({ address: '' }))],
    [
      'allowedPrefixes: "10.0.0.0/33"',
      () => createUdpReflector(reflectorOptions({ allowedPrefixes: ['10.0.0.0/33'] })),
    ],
    ['sourceAddress4: "::1"', () => createUdpProber(proberOptions({ sourceAddress4: '::1' }))],
    ['sourceAddress6: "127.0.0.1"', () => createUdpProber(proberOptions({ sourceAddress6: '127.0.0.1' }))],
  ] as const) {
    test(`${what} is refused by name`, () => {
      assert.throws(create, (error: unknown) => error instanceof TypeError && error.message.startsWith(what));
    });
  }

  test('the addon says how it was built', () => {
    assert.equal(typeof buildInfo().compiler, 'string');
    assert.equal(typeof buildInfo().verbs, 'boolean');
  });
});
