import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { OutputConfig } from '../../../core/config/common.js';
import { PartialWriteError, PermanentError, StartupError } from '../../../core/errors.js';
import { RunningOutput } from '../../../core/pipeline/running-output.js';
import { FakeOutput, hang, metricOf, untilAborted } from '../../support/fake-output.js';
import { contextOf, environment, output } from '../../support/pipeline.js';

function setUp(options: Partial<OutputConfig> & { limit?: number; plugins?: FakeOutput[] } = {}) {
  const { limit = 100, plugins = [new FakeOutput()], ...common } = options;
  const env = environment();
  const made: FakeOutput[] = [];
  const running = new RunningOutput({
    instance: output(
      'fake',
      () => {
        const plugin = plugins[made.length] ?? plugins.at(-1)!;
        made.push(plugin);
        return plugin;
      },
      common,
    ),
    context: contextOf(env),
    limits: { flushIntervalMs: 10_000, flushJitterMs: 0, batchSize: 10, bufferLimit: limit },
  });
  let next = 0;
  const add = (count: number): void => {
    for (const end = next + count; next < end; next += 1) running.add(metricOf(`m${next}`));
  };
  return { env, clock: env.clock, log: env.log, plugin: plugins[0]!, made, running, add };
}

const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `m${from + i}`);

test('what is buffered is written on the flush interval, in batches and in order', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  add(3);
  await clock.advance(9_999);
  assert.deepEqual(plugin.arrived, []);
  await clock.advance(1);
  assert.deepEqual(plugin.arrived, names(0, 3));
  assert.equal(running.stats.metricsWritten, 3);
  assert.equal(running.stats.bufferSize, 0);
});

test('a full batch is written at once, outside of the call that added it', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  add(25);
  assert.equal(plugin.batches.length, 0);
  await clock.advance(0);
  assert.deepEqual(
    plugin.batches.map((batch) => batch.length),
    [10, 10],
  );
  await clock.advance(10_000);
  assert.deepEqual(plugin.arrived, names(0, 25));
});

test('a tick during a slow write is not lost', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  plugin.onWrite = () => new Promise((resolve) => clock.after(8_000, resolve));
  await clock.advance(5_000);
  add(10);
  await clock.advance(1_000);
  add(1);
  await clock.advance(15_000);
  assert.deepEqual(plugin.arrived, names(0, 11));
});

test('writes never overlap', async () => {
  const { clock, plugin, running, add } = setUp({ limit: 1000 });
  let writing = 0;
  plugin.onWrite = async () => {
    writing += 1;
    assert.equal(writing, 1);
    await new Promise<void>((resolve) => clock.after(3_000, resolve));
    writing -= 1;
  };
  await running.start();
  for (let i = 0; i < 60; i += 1) {
    add(7);
    await clock.advance(1_000);
  }
  await clock.advance(200_000);
  assert.deepEqual(plugin.arrived, names(0, 420));
});

/** Runs `body` with a random number generator that always draws one half. */
async function evenly(body: () => Promise<void>): Promise<void> {
  const random = mock.method(Math, 'random', () => 0.5);
  try {
    await body();
  } finally {
    random.mock.restore();
  }
}

test('a failed write is tried again with growing waits of at most 30 s, and nothing is lost or doubled', () =>
  evenly(async () => {
    const { clock, plugin, running, add } = setUp();
    const attempts: number[] = [];
    plugin.onWrite = async () => {
      attempts.push(clock.monotonicMs());
      if (attempts.length <= 8) throw new Error('refused');
    };
    await running.start();
    add(25);
    await clock.advance(120_000);
    const waits = attempts.slice(1, 9).map((at, i) => at - attempts[i]!);
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    assert.deepEqual(plugin.arrived, names(0, 25));
    const { writes, writeErrors, metricsWritten, metricsDropped } = running.stats;
    const counted = { writes, writeErrors, metricsWritten, metricsDropped };
    assert.deepEqual(counted, { writes: 11, writeErrors: 8, metricsWritten: 25, metricsDropped: 0 });
  }));

test('the waits do not grow as long as an output takes a part of each batch', () =>
  evenly(async () => {
    const { clock, plugin, running, add } = setUp();
    const attempts: number[] = [];
    plugin.onWrite = async () => {
      attempts.push(clock.monotonicMs());
      throw new PartialWriteError('one', { accepted: [0], rejected: [], retry: true });
    };
    await running.start();
    add(10);
    await clock.advance(9_000);
    assert.deepEqual(
      attempts,
      Array.from({ length: 10 }, (_, i) => i * 500),
    );
    assert.equal(running.stats.metricsWritten, 10);
  }));

test('an output that hangs for ten minutes and recovers: what fitted arrives, the rest is counted exactly', async () => {
  const { clock, plugin, running, add } = setUp();
  let release: () => void = () => {};
  plugin.onWrite = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  await running.start();
  for (let second = 0; second < 600; second += 1) {
    add(1);
    await clock.advance(1000);
  }
  plugin.onWrite = async () => {};
  release();
  await clock.advance(10_000);
  // The ten in flight were written in the end; of the 590 after them the newest 100 had room.
  assert.deepEqual(plugin.arrived, [...names(0, 10), ...names(500, 600)]);
  const { metricsAdded, metricsWritten, metricsDropped, metricsRejected, bufferSize } = running.stats;
  assert.deepEqual(
    { metricsAdded, metricsWritten, metricsDropped, metricsRejected, bufferSize },
    { metricsAdded: 600, metricsWritten: 110, metricsDropped: 490, metricsRejected: 0, bufferSize: 0 },
  );
});

test('a write that takes too long is told to give up, and its batch is kept', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  plugin.onWrite = (_, signal) => untilAborted(signal);
  add(10);
  await clock.advance(29_999);
  assert.equal(running.stats.writeErrors, 0);
  plugin.onWrite = async () => {};
  await clock.advance(31_000);
  assert.equal(running.stats.writeErrors, 1);
  assert.deepEqual(plugin.arrived, names(0, 10));
});

test('of a partial write the accepted are written, the rejected counted, the rest written again', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  let first = true;
  plugin.onWrite = async () => {
    if (first) {
      first = false;
      throw new PartialWriteError('some', { accepted: [0, 2], rejected: [1], retry: true });
    }
  };
  add(10);
  await clock.advance(12_000);
  assert.deepEqual(plugin.arrived, names(3, 10));
  assert.equal(running.stats.metricsWritten, 9);
  assert.equal(running.stats.metricsRejected, 1);
});

test('of a partial write without retry the rest is rejected', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  plugin.onWrite = async () => {
    throw new PartialWriteError('some', { accepted: [0], rejected: [], retry: false });
  };
  add(10);
  await clock.advance(12_000);
  assert.equal(running.stats.metricsWritten, 1);
  assert.equal(running.stats.metricsRejected, 9);
});

test('a partial write error without its lists is a failure like any other', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  plugin.onWrite = async () => {
    throw new PartialWriteError('some', { retry: true } as never);
  };
  add(10);
  await clock.advance(1);
  assert.equal(running.stats.bufferSize, 10);
});

test('a batch that is refused for good is dropped, counted, and not in the way of the next', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  plugin.onWrite = async (batch) => {
    if (batch[0]?.name === 'm0') throw new PermanentError('malformed');
  };
  add(20);
  await clock.advance(0);
  assert.deepEqual(plugin.arrived, names(10, 20));
  assert.equal(running.stats.metricsRejected, 10);
});

test('what the filter does not let through is counted and not buffered', async () => {
  const { running, add } = setUp({ namedrop: ['m1'] });
  await running.start();
  add(3);
  assert.equal(running.stats.metricsFiltered, 1);
  assert.equal(running.stats.metricsAdded, 2);
});

test('startup_error_behavior error: the failure is the agent’s', async () => {
  const { plugin, running } = setUp();
  plugin.onConnect = () => Promise.reject(new StartupError('in use', { retryable: true }));
  await assert.rejects(running.start(), /in use/);
});

test('startup_error_behavior ignore: the output does not run', async () => {
  const { plugin, running } = setUp({ startup_error_behavior: 'ignore' });
  plugin.onConnect = () => Promise.reject(new Error('in use'));
  assert.equal(await running.start(), false);
});

test('startup_error_behavior retry: a new plugin is connected later, and gets what was buffered', async () => {
  const first = new FakeOutput();
  const second = new FakeOutput();
  first.onConnect = () => Promise.reject(new StartupError('in use', { retryable: true }));
  const { clock, made, running, add } = setUp({ startup_error_behavior: 'retry', plugins: [first, second] });
  assert.equal(await running.start(), true);
  add(3);
  await clock.advance(10_000);
  assert.deepEqual([made.length, first.closes, second.connects], [2, 1, 1]);
  assert.deepEqual(second.arrived, names(0, 3));
});

test('startup_error_behavior retry: what says that trying again is useless fails', async () => {
  const { plugin, running } = setUp({ startup_error_behavior: 'retry' });
  plugin.onConnect = () => Promise.reject(new StartupError('no such database', { retryable: false }));
  await assert.rejects(running.start(), /no such database/);
});

test('a connect that never comes back fails after its time', async () => {
  const { clock, plugin, running } = setUp();
  plugin.onConnect = hang;
  const started = assert.rejects(running.start(), /not started after 30000 ms/);
  await clock.advance(31_000);
  await started;
});

test('stop writes what is buffered, partial batches too, and closes', async () => {
  const { plugin, running, add } = setUp();
  await running.start();
  add(13);
  await running.stop(5000);
  assert.deepEqual(plugin.arrived, names(0, 13));
  assert.equal(plugin.closes, 1);
});

test('stop tries once although the output is backing off', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  plugin.onWrite = () => Promise.reject(new Error('refused'));
  add(10);
  await clock.advance(1);
  plugin.onWrite = async () => {};
  await running.stop(5000);
  assert.deepEqual(plugin.arrived, names(0, 10));
  assert.equal(clock.pending, 0);
});

test('stop ends in time though write and close hang; what is left is dropped and counted', async () => {
  const { clock, log, plugin, running, add } = setUp();
  await running.start();
  plugin.onWrite = hang;
  plugin.onClose = hang;
  add(15);
  await clock.advance(1000);
  let stoppedMs = 0;
  const stopped = running.stop(5000).then(() => {
    stoppedMs = clock.monotonicMs();
  });
  await clock.advance(5000);
  await stopped;
  assert.ok(stoppedMs <= 6000, `${stoppedMs}`);
  running.discard();
  assert.equal(running.stats.metricsDropped, 15);
  assert.equal(log.lines.at(-1)?.fields.metrics, 15);
});

test('stop waits a moment for what a write that it aborts has to say', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  plugin.onWrite = async (_, signal) => {
    await untilAborted(signal).catch(() => {});
    await new Promise<void>((resolve) => clock.after(100, resolve));
    throw new PartialWriteError('half', { accepted: [0, 1, 2, 3], rejected: [4], retry: true });
  };
  add(10);
  await clock.advance(1);
  const stopped = running.stop(5000);
  await clock.advance(5000);
  await stopped;
  running.discard();
  const { metricsWritten, metricsRejected, metricsDropped } = running.stats;
  assert.deepEqual(
    { metricsWritten, metricsRejected, metricsDropped },
    { metricsWritten: 4, metricsRejected: 1, metricsDropped: 5 },
  );
});

test('a successor writes again what was in flight when its predecessor was stopped', async () => {
  const { clock, plugin, running, add } = setUp();
  await running.start();
  plugin.onWrite = hang;
  add(10);
  await clock.advance(1);
  const stopped = running.stop(5000);
  await clock.advance(5000);
  await stopped;
  const revived = running.revive();
  plugin.onWrite = async () => {};
  await revived.start();
  await clock.advance(10_000);
  assert.deepEqual(plugin.arrived, names(0, 10));
});

test('stop without start, and twice, is legal', async () => {
  const { plugin, running } = setUp();
  await running.stop(5000);
  await running.stop(5000);
  assert.equal(plugin.closes, 1);
});

test('a successor has the buffer and the counters', async () => {
  const { clock, plugin, running, add, made } = setUp();
  await running.start();
  plugin.onWrite = () => Promise.reject(new Error('refused'));
  add(12);
  await clock.advance(1);
  await running.stop(5000);
  const { writeErrors } = running.stats;
  const revived = running.revive();
  plugin.onWrite = async () => {};
  await revived.start();
  await clock.advance(10_000);
  assert.equal(made.length, 2);
  assert.deepEqual(plugin.arrived, names(0, 12));
  assert.equal(revived.stats.writeErrors, writeErrors);
  assert.equal(revived.stats.metricsAdded, 12);
});

test('an overflow is logged once in ten seconds, with the number left out', async () => {
  const { clock, log, plugin, running, add } = setUp({ limit: 10 });
  await running.start();
  plugin.onWrite = hang;
  add(10);
  await clock.advance(1);
  add(1000);
  await clock.advance(10_000);
  add(1);
  const lines = log.lines.filter((line) => line.message.includes('buffer is full'));
  assert.equal(lines.length, 2);
  assert.equal(lines[1]?.fields.suppressed, 989);
});
