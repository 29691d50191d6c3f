import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gauge, type Metric } from '../../core/metric.js';
import { Agent } from '../../core/pipeline/agent.js';
import type { Output } from '../../core/plugin.js';
import { FakeOutput, metricOf } from '../support/fake-output.js';
import { configOf, environment, input, output, processor } from '../support/pipeline.js';

async function setUp() {
  const env = environment();
  const sink = new FakeOutput();
  const parts = {
    agent: { metric_batch_size: 1000, metric_buffer_limit: 1000 },
    inputs: [
      input(
        'numbers',
        () => ({
          async gather(acc) {
            acc.add(metricOf('m'));
            acc.add(metricOf('hidden'));
            acc.addError(new Error('half an answer'));
          },
        }),
        { namedrop: ['hidden'] },
      ),
    ],
    processors: [processor('pass', () => ({ process: (metric) => metric }))],
    outputs: [output('sink', () => sink)],
  };
  const agent = new Agent({ ...env, config: configOf(parts) });
  await agent.start();
  const take = (name: string): Metric[] => sink.batches.flat().filter((metric) => metric.name === name);
  return { ...env, agent, sink, parts, take };
}

const value = (metric: Metric | undefined, field: string): unknown => {
  const found = metric?.fields[field];
  return found?.kind === 'count' || found?.kind === 'gauge' ? found.value : undefined;
};

test('counts are what happened since the last time', async () => {
  const { agent, clock, take } = await setUp();
  await clock.advance(40_000);
  await agent.stop();
  const inputs = take('weft_input');
  assert.equal(inputs.length, 4);
  assert.deepEqual(inputs[0]?.tags, { src: 'host-a', input: 'numbers' });
  const sum = (field: string): number => inputs.reduce((total, metric) => total + Number(value(metric, field)), 0);
  assert.deepEqual(
    ['gathers', 'metrics_gathered', 'metrics_filtered', 'errors'].map((f) => sum(f)),
    [4, 4, 4, 4],
  );
  assert.deepEqual(
    inputs.slice(1).map((metric) => value(metric, 'gathers')),
    [1, 1, 1],
  );
});

test('an output reports its buffer, its writes and their time', async () => {
  const { agent, clock, take } = await setUp();
  await clock.advance(40_000);
  await agent.stop();
  const last = take('weft_output').at(-1);
  assert.deepEqual(last?.tags, { src: 'host-a', output: 'sink' });
  assert.equal(value(last, 'buffer_limit'), 1000);
  assert.equal(value(last, 'writes'), 1);
  assert.equal(value(last, 'write_errors'), 0);
  assert.equal(value(last, 'metrics_dropped'), 0);
  assert.ok(Number(value(last, 'metrics_written')) > 0);
  assert.equal(last?.fields.write_time?.kind, 'distribution');
  assert.equal(value(take('weft_processor').at(-1), 'metrics_dropped'), 0);
});

test('an output reports what it has to say of itself, with the agent’s tags; one that fails at that harms nobody', async () => {
  const { agent, sink, clock, take } = await setUp();
  const own: Output = Object.assign(sink, {
    selfMetrics: (timeNs: bigint) => [{ name: 'weft_sink', tags: { kind: 'x' }, fields: { held: gauge(3) }, timeNs }],
  });
  await clock.advance(20_000);
  own.selfMetrics = () => {
    throw new Error('no');
  };
  await clock.advance(10_000);
  await agent.stop();
  const [metric] = take('weft_sink');
  assert.deepEqual(metric?.tags, { src: 'host-a', output: 'sink', kind: 'x' });
  assert.equal(value(metric, 'held'), 3);
  assert.ok(take('weft_output').length > take('weft_sink').length);
});

test('the agent reports itself and its build', async () => {
  const { agent, clock, parts, take } = await setUp();
  await agent.reload(configOf(parts));
  await clock.advance(20_000);
  await agent.stop();
  const [metric] = take('weft_agent');
  assert.deepEqual(metric?.tags, { src: 'host-a' });
  assert.equal(value(metric, 'uptime'), 10);
  assert.equal(value(metric, 'inputs'), 1);
  assert.equal(value(metric, 'outputs'), 1);
  assert.equal(value(metric, 'reloads'), 1);
  assert.ok(Number(value(metric, 'memory_rss')) > 1e6);
  assert.ok(Number(value(metric, 'cpu')) > 0);
  assert.deepEqual(take('weft_build')[0]?.tags, { src: 'host-a', version: '1.2.3', node: process.versions.node });
});

test('nothing is counted twice after a reload', async () => {
  const { agent, clock, parts, take } = await setUp();
  await clock.advance(20_000);
  await agent.reload(configOf(parts));
  await clock.advance(20_000);
  await agent.stop();
  const total = take('weft_input').reduce((sum, metric) => sum + Number(value(metric, 'gathers')), 0);
  assert.equal(total, 4);
});
