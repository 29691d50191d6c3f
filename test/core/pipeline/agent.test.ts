import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, StartupError } from '../../../core/errors.js';
import { Agent } from '../../../core/pipeline/agent.js';
import type { Accumulator, Input } from '../../../core/plugin.js';
import { FakeOutput, hang, metricOf } from '../../support/fake-output.js';
import { configOf, environment, input, output, type Parts, processor } from '../../support/pipeline.js';

/** Hands over whatever the test pushes. */
class Source implements Input {
  acc: Accumulator | undefined;
  stops = 0;

  async start(acc: Accumulator): Promise<void> {
    this.acc = acc;
  }

  async stop(): Promise<void> {
    this.stops += 1;
  }

  push(...names: string[]): void {
    for (const name of names) this.acc?.add(metricOf(name));
  }
}

const ONLY = { namepass: ['m*'] };

function agentOf(parts: Parts) {
  const env = environment();
  const agent = new Agent({ ...env, config: configOf(parts) });
  return { ...env, agent };
}

test('a metric goes from every input to every output, and is the same object in all of them', async () => {
  const source = new Source();
  const [a, b] = [new FakeOutput(), new FakeOutput()];
  const { agent, clock } = agentOf({
    inputs: [input('source', () => source)],
    outputs: [output('a', () => a, ONLY), output('b', () => b, ONLY)],
  });
  await agent.start();
  source.push('m1');
  await clock.advance(10_000);
  assert.deepEqual(a.arrived, ['m1']);
  assert.equal(a.batches[0]?.[0], b.batches[0]?.[0]);
  await agent.stop();
});

test('an output that hangs for ten minutes delays neither inputs nor other outputs', async () => {
  const [healthy, hanging] = [new FakeOutput(), new FakeOutput()];
  let release: () => void = () => {};
  hanging.onWrite = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  let n = 0;
  const gatheredAt: number[] = [];
  const { agent, clock } = agentOf({
    agent: { metric_batch_size: 4, metric_buffer_limit: 20 },
    inputs: [
      input('numbers', () => ({
        gather: async (acc) => {
          gatheredAt.push(clock.monotonicMs());
          for (let i = 0; i < 5; i += 1) acc.add(metricOf(`m${n++}`));
        },
      })),
    ],
    outputs: [output('hanging', () => hanging, ONLY), output('healthy', () => healthy, ONLY)],
  });
  await agent.start();
  await clock.advance(600_000);
  assert.deepEqual(
    gatheredAt,
    Array.from({ length: 60 }, (_, i) => (i + 1) * 10_000),
  );
  const all = Array.from({ length: 300 }, (_, i) => `m${i}`);
  assert.deepEqual(healthy.arrived, all.slice(0, healthy.arrived.length));
  assert.ok(healthy.arrived.length >= 295);

  hanging.onWrite = async () => {};
  release();
  await agent.stop();
  assert.deepEqual(healthy.arrived, all);
  assert.deepEqual(hanging.arrived, [...all.slice(0, 4), ...all.slice(280)]);
});

test('processors run in ascending order, unordered ones first; what they drop is gone', async () => {
  const source = new Source();
  const sink = new FakeOutput();
  const mark = (letter: string) => () => ({
    process: (metric: { name: string }) => ({ ...metricOf(metric.name + letter) }),
  });
  const { agent, clock } = agentOf({
    inputs: [input('source', () => source)],
    processors: [
      processor('late', mark('c'), { ...ONLY, order: 2 }),
      processor('early', mark('b'), { ...ONLY, order: 1 }),
      processor('first', mark('a'), ONLY),
      processor('drop', () => ({ process: () => undefined }), { namepass: ['m2*'], order: 3 }),
      processor('double', () => ({ process: (metric) => [metric, metric] }), { namepass: ['m3*'], order: 4 }),
    ],
    outputs: [output('sink', () => sink, ONLY)],
  });
  await agent.start();
  source.push('m1', 'm2', 'm3');
  await clock.advance(10_000);
  assert.deepEqual(sink.arrived, ['m1abc', 'm3abc', 'm3abc']);
  await agent.stop();
});

test('a processor that throws or makes nonsense loses that metric, which is counted, and nothing else', async () => {
  const source = new Source();
  const sink = new FakeOutput();
  const { agent, clock } = agentOf({
    inputs: [input('source', () => source)],
    processors: [
      processor(
        'bad',
        () => ({
          process(metric) {
            if (metric.name === 'm1') throw new Error('no');
            return metric.name === 'm2' ? ({} as never) : metric;
          },
          stop: () => Promise.reject(new Error('no')),
        }),
        ONLY,
      ),
    ],
    outputs: [output('sink', () => sink, ONLY)],
  });
  await agent.start();
  source.push('m1', 'm2', 'm3');
  await clock.advance(10_000);
  assert.deepEqual(sink.arrived, ['m3']);
  assert.equal(agent.processors[0]?.stats.metricsDropped, 2);
  await agent.stop();
});

test('every mistake that plugins find when they are made is reported at once, and nothing starts', async () => {
  const issue = { file: 'weft.yaml', line: 3, column: 1, path: 'inputs.a', message: 'no such host' };
  const fail = (message: string) => (): never => {
    throw new ConfigError(message, [{ ...issue, message }]);
  };
  const sink = new FakeOutput();
  const { agent } = agentOf({
    inputs: [input('a', fail('one')), input('b', fail('two'))],
    outputs: [output('c', fail('three')), output('sink', () => sink)],
  });
  await assert.rejects(agent.start(), (error: ConfigError) => {
    assert.deepEqual(error.issues.map((found) => found.message).sort(), ['one', 'three', 'two']);
    return true;
  });
  assert.equal(sink.connects, 0);
});

test('when a plugin does not start, what was started is stopped again', async () => {
  const sink = new FakeOutput();
  const source = new Source();
  const { agent, clock } = agentOf({
    inputs: [
      input('source', () => source),
      input('broken', () => ({ start: () => Promise.reject(new StartupError('no device', { retryable: false })) })),
    ],
    outputs: [output('sink', () => sink)],
  });
  await assert.rejects(agent.start(), /inputs\.broken did not start: no device/);
  assert.equal(source.stops, 1);
  assert.equal(sink.closes, 1);
  assert.equal(clock.pending, 0);
});

test('a plugin that is to be ignored is not there, and the rest runs', async () => {
  const { agent } = agentOf({
    inputs: [
      input('broken', () => ({ start: () => Promise.reject(new Error('no')) }), { startup_error_behavior: 'ignore' }),
      input('source', () => new Source()),
    ],
  });
  await agent.start();
  assert.deepEqual(
    agent.inputs.map(({ name }) => name),
    ['source'],
  );
  await agent.stop();
});

test('stop: inputs hand over their last metrics, then the outputs write and close', async () => {
  const sink = new FakeOutput();
  const order: string[] = [];
  let acc: Accumulator | undefined;
  sink.onWrite = async () => void order.push('write');
  sink.onClose = async () => void order.push('close');
  const { agent, clock } = agentOf({
    inputs: [
      input('source', () => ({
        start: async (given) => {
          acc = given;
        },
        stop: async () => {
          order.push('stop');
          acc?.add(metricOf('m1'));
        },
      })),
    ],
    outputs: [output('sink', () => sink, ONLY)],
  });
  await agent.start();
  await agent.stop();
  assert.deepEqual(order, ['stop', 'write', 'close']);
  assert.deepEqual(sink.arrived, ['m1']);
  assert.equal(clock.pending, 0);
});

/** Plugins that never come back from one of their methods. */
const stuck: [title: string, parts: () => Parts][] = [
  ['an input in start', () => ({ inputs: [input('i', () => ({ start: hang }))] })],
  ['an input in gather', () => ({ inputs: [input('i', () => ({ gather: hang }))] })],
  ['an input in stop', () => ({ inputs: [input('i', () => ({ stop: hang }))] })],
  ['a processor in stop', () => ({ processors: [processor('p', () => ({ process: () => undefined, stop: hang }))] })],
  ['an output in connect', () => ({ outputs: [output('o', () => ({ connect: hang, write: async () => {} }))] })],
  ['an output in write', () => ({ outputs: [output('o', () => ({ write: hang }))] })],
  ['an output in close', () => ({ outputs: [output('o', () => ({ write: async () => {}, close: hang }))] })],
  [
    'everything in everything',
    () => ({
      inputs: [input('i', () => ({ gather: hang, stop: hang }))],
      outputs: [output('o', () => ({ write: hang, close: hang }))],
    }),
  ],
];

for (const [title, parts] of stuck) {
  for (const afterMs of [0, 1, 10_000, 29_999, 45_000]) {
    test(`stop after ${afterMs} ms ends within shutdown_timeout, with ${title} stuck`, async () => {
      const { agent, clock } = agentOf(parts());
      const started = agent.start().catch(() => {});
      await clock.advance(afterMs);
      const beginMs = clock.monotonicMs();
      let tookMs = Number.POSITIVE_INFINITY;
      void agent.stop().then(() => {
        tookMs = clock.monotonicMs() - beginMs;
      });
      await clock.advance(5_000);
      assert.ok(tookMs <= 5_000);
      await started;
      await clock.advance(60_000);
      assert.equal(clock.pending, 0);
    });
  }
}

test('what could not be written before the end is counted as dropped, and logged', async () => {
  const source = new Source();
  const { agent, clock, log } = agentOf({
    inputs: [input('source', () => source)],
    outputs: [output('o', () => ({ write: hang }), ONLY)],
  });
  await agent.start();
  const [stuckOutput] = agent.outputs;
  source.push('m1', 'm2');
  const stopped = agent.stop();
  await clock.advance(5_000);
  await stopped;
  assert.equal(stuckOutput?.stats.metricsDropped, 2);
  const line = log.lines.find(({ message }) => message.startsWith('metrics dropped'));
  assert.deepEqual(line?.fields, { output: 'o', metrics: 2 });
});

test('an input that does not stop leaves the outputs the time to write', async () => {
  const source = new Source();
  const sink = new FakeOutput();
  source.stop = hang;
  const { agent, clock } = agentOf({
    inputs: [input('source', () => source)],
    outputs: [output('sink', () => sink, ONLY)],
  });
  await agent.start();
  source.push('m1');
  sink.onWrite = () => new Promise((resolve) => clock.after(1500, resolve));
  const stopped = agent.stop();
  await clock.advance(5_000);
  await stopped;
  assert.deepEqual(sink.arrived, ['m1']);
});

test('a stopped agent starts no more, and stops twice', async () => {
  const { agent } = agentOf({});
  await agent.stop();
  await agent.stop();
  await assert.rejects(agent.start(), /stopped/);
});
