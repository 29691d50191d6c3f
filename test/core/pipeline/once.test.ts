import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Metric } from '../../../core/metric.js';
import { gatherOnce } from '../../../core/pipeline/once.js';
import type { Accumulator } from '../../../core/plugin.js';
import { FakeOutput, metricOf } from '../../support/fake-output.js';
import { configOf, environment, input, output, type Parts, processor } from '../../support/pipeline.js';

function start(parts: Parts, writeOutputs: boolean, signal?: AbortSignal) {
  const env = environment();
  const metrics: Metric[] = [];
  const done = gatherOnce({
    ...env,
    config: configOf(parts),
    writeOutputs,
    onMetric: (metric) => void metrics.push(metric),
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...env, metrics, done };
}

const gatherer = input('g', () => ({ gather: async (acc) => acc.add(metricOf('m')) }));

test('inputs that are gathered are gathered once, at once, and no output is made', async () => {
  const untouchable = output('o', () => {
    throw new Error('made');
  });
  const rename = processor('p', () => ({ process: (metric) => metricOf(`${metric.name}!`) }));
  const { metrics, done, clock } = start({ inputs: [gatherer], processors: [rename], outputs: [untouchable] }, false);
  assert.deepEqual(await done, { errors: 0, unsent: 0 });
  assert.deepEqual(
    metrics.map(({ name }) => name),
    ['m!'],
  );
  assert.equal(clock.pending, 0);
});

test('an input that works by itself is given one window, and hands over the rest when it stops', async () => {
  let acc: Accumulator | undefined;
  const service = input('s', () => ({
    start: async (given) => {
      acc = given;
    },
    stop: async () => acc?.add(metricOf('rest')),
  }));
  const { metrics, done, clock } = start({ inputs: [service, gatherer] }, false);
  let ended = false;
  void done.then(() => {
    ended = true;
  });
  await clock.advance(11_999);
  acc?.add(metricOf('window'));
  assert.equal(ended, false);
  await clock.advance(1);
  await done;
  assert.deepEqual(
    metrics.map(({ name }) => name),
    ['m', 'window', 'rest'],
  );
});

test('the wait ends when the caller says so', async () => {
  const controller = new AbortController();
  const { done, clock } = start({ inputs: [input('s', () => ({ start: async () => {} }))] }, false, controller.signal);
  await clock.advance(1000);
  controller.abort();
  await done;
  assert.equal(clock.monotonicMs(), 1000);
});

test('outputs are written and closed, and what they did not take is reported', async () => {
  const [good, bad] = [new FakeOutput(), new FakeOutput()];
  bad.onWrite = () => Promise.reject(new Error('refused'));
  const outputs = [output('good', () => good), output('bad', () => bad)];
  const { done } = start({ inputs: [gatherer], outputs }, true);
  assert.deepEqual(await done, { errors: 0, unsent: 1 });
  assert.deepEqual(good.arrived, ['m']);
  assert.equal(good.closes, 1);
  assert.equal(bad.closes, 1);
});

test('gather errors are counted', async () => {
  const { done } = start({ inputs: [input('g', () => ({ gather: () => Promise.reject(new Error('no')) }))] }, false);
  assert.deepEqual(await done, { errors: 1, unsent: 0 });
});

test('a failed start ends it, with everything stopped', async () => {
  const sink = new FakeOutput();
  const broken = input('i', () => ({ start: () => Promise.reject(new Error('no device')) }));
  const { done } = start({ inputs: [broken], outputs: [output('o', () => sink)] }, true);
  await assert.rejects(done, /inputs\.i did not start: no device/);
  assert.equal(sink.closes, 1);
});
