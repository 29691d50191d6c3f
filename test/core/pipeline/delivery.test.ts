/** What an output says of a batch, and what the agent makes of it. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import { BatchRefusedError, PartialWriteError, PermanentError, RetryLaterError } from '../../../core/errors.js';
import type { Metric } from '../../../core/metric.js';
import { RunningOutput } from '../../../core/pipeline/running-output.js';
import { FakeOutput, metricOf } from '../../support/fake-output.js';
import { contextOf, environment, output } from '../../support/pipeline.js';

async function setUp({ batchSize = 100, bufferLimit = 1000 } = {}) {
  const env = environment();
  const plugin = new FakeOutput();
  const running = new RunningOutput({
    instance: output('fake', () => plugin),
    context: contextOf(env),
    limits: { flushIntervalMs: 10_000, flushJitterMs: 0, batchSize, bufferLimit },
  });
  await running.start();
  let next = 0;
  const add = (count: number): void => {
    for (const end = next + count; next < end; next += 1) running.add(metricOf(`m${next}`));
  };
  return { clock: env.clock, plugin, running, add };
}

const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `m${from + i}`);
const has = (batch: readonly Metric[], bad: ReadonlySet<string>): boolean => batch.some(({ name }) => bad.has(name));

test('what is wrong in a batch that is refused is found and dropped alone', async () => {
  const { clock, plugin, running, add } = await setUp();
  const bad = new Set(['m3', 'm70']);
  plugin.onWrite = async (batch) => {
    if (has(batch, bad)) throw new BatchRefusedError('malformed', { reason: 'invalid' });
  };
  add(100);
  await clock.advance(0);
  assert.deepEqual(
    plugin.arrived,
    names(0, 100).filter((name) => !bad.has(name)),
  );
  assert.deepEqual([...running.stats.rejections], [['invalid', 2]]);
  assert.equal(running.stats.bufferSize, 0);
  assert.ok(running.stats.writes < 40, `${running.stats.writes} writes`);
});

test('whatever metrics a server refuses and however small its batches are, all others arrive once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(39), { maxLength: 12 }),
      fc.integer({ min: 1, max: 60 }),
      async (wrong, limit) => {
        const { clock, plugin, running, add } = await setUp({ batchSize: 40 });
        const bad = new Set(wrong.map((i) => `m${i}`));
        plugin.onWrite = async (batch) => {
          if (batch.length > limit) throw new BatchRefusedError('too large', { tooLarge: true });
          if (has(batch, bad)) throw new BatchRefusedError('malformed');
        };
        add(40);
        await clock.advance(120_000);
        assert.deepEqual(
          plugin.arrived,
          names(0, 40).filter((name) => !bad.has(name)),
        );
        assert.equal(running.stats.metricsRejected, bad.size);
        assert.equal(running.stats.metricsWritten, 40 - bad.size);
        await running.stop(1000);
      },
    ),
    { numRuns: 100 },
  );
});

test('batches become as small as a server wants them, and larger again when it takes that', async () => {
  const { clock, plugin, running, add } = await setUp();
  let limit = 30;
  const sizes: number[] = [];
  plugin.onWrite = async (batch) => {
    sizes.push(batch.length);
    if (batch.length > limit) throw new BatchRefusedError('too large', { tooLarge: true });
  };
  add(200);
  await clock.advance(20_000);
  assert.deepEqual(sizes, [100, 50, 25, 25, 50, 25, 25, 25, 25, 25, 25]);
  assert.equal(running.stats.metricsWritten, 200);
  limit = 1000;
  for (let i = 0; i < 40; i += 1) {
    add(100);
    await clock.advance(10_000);
  }
  assert.equal(sizes.at(-1), 100);
});

test('one metric that is too large by itself does not make the batches that follow small', async () => {
  const { clock, plugin, running, add } = await setUp();
  const sizes: number[] = [];
  plugin.onWrite = async (batch) => {
    sizes.push(batch.length);
    if (has(batch, new Set(['m90']))) throw new BatchRefusedError('too large', { tooLarge: true });
  };
  add(100);
  await clock.advance(0);
  assert.deepEqual([...running.stats.rejections], [['too_large', 1]]);
  add(100);
  await clock.advance(0);
  assert.equal(sizes.at(-1), 50);
});

test('a server that refuses everything is asked a bounded number of times, ever less often', async () => {
  const { clock, plugin, running, add } = await setUp({ batchSize: 1000, bufferLimit: 10_000 });
  plugin.onWrite = () => Promise.reject(new BatchRefusedError('wrong path'));
  add(1000);
  await clock.advance(0);
  assert.equal(running.stats.writes, 128);
  assert.equal(running.stats.circuitOpen, true);
  await clock.advance(600_000);
  assert.ok(running.stats.writes <= 128 * 80, `${running.stats.writes} writes`);
  const { metricsRejected, bufferSize } = running.stats;
  assert.equal(metricsRejected + bufferSize, 1000);
});

test('reasons are counted apart, with a word for what is refused without one', async () => {
  const { clock, plugin, running, add } = await setUp({ batchSize: 4 });
  const errors = [
    new PartialWriteError('some', {
      accepted: [1],
      rejected: [0, { index: 2, reason: 'too_old' }, { index: 3, reason: 'invalid' }],
      retry: true,
    }),
    new PermanentError('no such bucket', { reason: 'not_found' }),
    new PermanentError('never'),
    new PartialWriteError('the rest', { accepted: [0], rejected: [], retry: false }),
  ];
  plugin.onWrite = async () => {
    const error = errors.shift();
    if (error !== undefined) throw error;
  };
  for (let i = 0; i < 4; i += 1) {
    add(4);
    await clock.advance(60_000);
  }
  assert.deepEqual(Object.fromEntries(running.stats.rejections), {
    refused: 1 + 4 + 3,
    too_old: 1,
    invalid: 1,
    not_found: 4,
  });
  assert.equal(running.stats.metricsWritten, 2);
});

test('a server that says when to come back is left alone until then, and not for longer than ten minutes', async () => {
  for (const [retryAfterMs, waits] of [
    [120_000, 120_000],
    [86_400_000, 600_000],
  ] as const) {
    const { clock, plugin, running, add } = await setUp();
    plugin.onWrite = () => Promise.reject(new RetryLaterError('overloaded', { retryAfterMs }));
    add(100);
    await clock.advance(0);
    plugin.onWrite = async () => {};
    add(100);
    await clock.advance(waits - 1);
    assert.equal(running.stats.writes, 1);
    await clock.advance(waits * 0.1 + 1);
    assert.deepEqual(plugin.arrived, names(0, 200));
  }
});

test('so is one that took a part', async () => {
  const { clock, plugin, running, add } = await setUp();
  const outcome = { accepted: [0], rejected: [], retry: true, retryAfterMs: 60_000 };
  plugin.onWrite = () => Promise.reject(new PartialWriteError('full', outcome));
  add(100);
  await clock.advance(0);
  plugin.onWrite = async () => {};
  await clock.advance(59_999);
  assert.equal(running.stats.writes, 1);
  await clock.advance(6001);
  assert.deepEqual(plugin.arrived, names(1, 100));
});

test('a dead server costs one write each quarter of a minute, whatever comes in', async () => {
  const random = mock.method(Math, 'random', () => 0.5);
  try {
    const { clock, plugin, running, add } = await setUp();
    plugin.onWrite = () => Promise.reject(new Error('refused'));
    for (let second = 0; second < 600; second += 1) {
      add(200);
      await clock.advance(1000);
    }
    // Five growing waits of together 15.5 s, then one of 15 s after the other.
    assert.equal(running.stats.writes, 6 + Math.floor((600 - 15.5) / 15));
  } finally {
    random.mock.restore();
  }
});
