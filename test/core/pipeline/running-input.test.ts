import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InputConfig } from '../../../core/config/common.js';
import { StartupError } from '../../../core/errors.js';
import { gauge, type Metric } from '../../../core/metric.js';
import { RunningInput } from '../../../core/pipeline/running-input.js';
import type { Accumulator, Input } from '../../../core/plugin.js';
import { hang, metricOf, untilAborted } from '../../support/fake-output.js';
import { contextOf, environment, input } from '../../support/pipeline.js';

function setUp(plugin: Input | (() => Input), common: Partial<InputConfig> = {}, name = 'fake') {
  const env = environment();
  const emitted: Metric[] = [];
  const running = new RunningInput({
    instance: input(name, typeof plugin === 'function' ? plugin : () => plugin, common),
    context: contextOf(env),
    timing: { intervalMs: 10_000, jitterMs: 0, offsetMs: 0 },
    emit: (metric) => void emitted.push(metric),
  });
  return { ...env, running, emitted, stats: running.stats };
}

const gathering = (gather: Input['gather']): Input => ({ gather: gather! });

async function started(running: RunningInput): Promise<void> {
  assert.equal(await running.start(), true);
  running.schedule();
}

test('an input is gathered on the interval, and what it adds goes on', async () => {
  const { clock, running, emitted, stats } = setUp(gathering(async (acc) => acc.add(metricOf('a'))));
  await started(running);
  await clock.advance(30_000);
  assert.equal(emitted.length, 3);
  assert.equal(stats.gathers, 3);
  assert.equal(stats.metricsGathered, 3);
  assert.equal(stats.gatherTime.take()?.count, 3);
});

test('an input without gather is not called on the interval', async () => {
  const { clock, running, emitted, stats } = setUp({ start: async (acc) => acc.add(metricOf('a')) });
  await started(running);
  await clock.advance(60_000);
  assert.equal(emitted.length, 1);
  assert.equal(stats.gathers, 0);
  assert.equal(clock.pending, 0);
});

test('tags are added, but not over those that a metric has', async () => {
  const { running, emitted } = setUp({}, { tags: { site: 'x', host: 'y', rack: 'z' } });
  await started(running);
  running.add(metricOf('a', { host: 'own', rack: '' }));
  assert.deepEqual(emitted[0]?.tags, { site: 'x', host: 'own', rack: 'z', src: 'host-a' });
});

test('selectors see the metric without the added tags, modifiers with them', async () => {
  const common = { tags: { site: 'x' }, tagpass: { site: ['x'] } };
  const selected = setUp({}, common);
  await started(selected.running);
  selected.running.add(metricOf('a'));
  assert.equal(selected.emitted.length, 0);
  assert.equal(selected.stats.metricsFiltered, 1);

  const modified = setUp({}, { tags: { site: 'x' }, tagexclude: ['site'] });
  await started(modified.running);
  modified.running.add(metricOf('a', { host: 'b' }));
  assert.deepEqual(modified.emitted[0]?.tags, { host: 'b', src: 'host-a' });
});

test('a metric without a source is this host’s, unless the configuration says otherwise', async () => {
  const src = async (tags: Record<string, string>, common: Partial<InputConfig> = {}): Promise<string | undefined> => {
    const { running, emitted } = setUp({}, common);
    await started(running);
    running.add(metricOf('a', tags));
    return emitted[0]?.tags.src;
  };
  assert.equal(await src({}), 'host-a');
  assert.equal(await src({ src: '' }), 'host-a');
  assert.equal(await src({ src: 'host-b' }), 'host-b');
  assert.equal(await src({ src: 'host-b' }, { tags: { src: 'set', site: 'x' } }), 'host-b');
  assert.equal(await src({}, { tags: { src: 'set' } }), 'set');
  assert.equal(await src({}, { tagexclude: ['src'] }), undefined);
});

test('what two inputs of a kind say of themselves is told apart', async () => {
  const own = async (name: string, metric: Metric): Promise<Metric['tags'] | undefined> => {
    const { running, emitted } = setUp({}, {}, name);
    await started(running);
    running.add(metric);
    return emitted[0]?.tags;
  };
  const weft = metricOf('weft_pinglist', { file: 'f' });
  assert.deepEqual(await own('near', weft), { file: 'f', src: 'host-a', input: 'near' });
  assert.deepEqual(await own('far', weft), { file: 'f', src: 'host-a', input: 'far' });
  assert.deepEqual(await own('far', metricOf('probe', { file: 'f' })), { file: 'f', src: 'host-a' });
});

test('a metric that names its source goes on as it is without tags and filters', async () => {
  const { running, emitted } = setUp({});
  await started(running);
  const metric = metricOf('a', { src: 'host-b' });
  running.add(metric);
  assert.equal(emitted[0], metric);
});

const malformed: [title: string, metric: unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['no name', { ...metricOf('a'), name: '' }],
  ['a time in ms', { ...metricOf('a'), timeNs: 5 }],
  ['no tags', { ...metricOf('a'), tags: undefined }],
  ['no fields', { ...metricOf('a'), fields: null }],
  ['a tag that is a number', { ...metricOf('a'), tags: { port: 862 } }],
  ['NaN', { ...metricOf('a'), fields: { value: gauge(Number.NaN) } }],
  ['a bare number', { ...metricOf('a'), fields: { value: 1 } }],
  ['an unknown kind', { ...metricOf('a'), fields: { value: { kind: 'counter', value: 1 } } }],
  ['a distribution that is none', { ...metricOf('a'), fields: { value: { kind: 'distribution', value: {} } } }],
  [
    'a getter that throws',
    {
      get name(): string {
        throw new Error('no');
      },
    },
  ],
];

for (const [title, metric] of malformed) {
  test(`a malformed metric is refused and counted: ${title}`, async () => {
    const { running, emitted, stats } = setUp({});
    await started(running);
    running.add(metric as Metric);
    assert.equal(emitted.length, 0);
    assert.equal(stats.errors, 1);
  });
}

test('a metric without fields ends a series and goes on', async () => {
  const { running, emitted } = setUp({});
  await started(running);
  running.add({ ...metricOf('a'), fields: {} });
  assert.equal(emitted.length, 1);
});

test('errors are counted each, and logged once in ten seconds', async () => {
  const { clock, running, stats, log } = setUp({});
  await started(running);
  for (let i = 0; i < 1000; i += 1) running.addError(new Error('no answer'));
  assert.equal(stats.errors, 1000);
  assert.equal(log.lines.length, 1);
  await clock.advance(10_000);
  running.addError(new Error('no answer'));
  assert.deepEqual(log.lines[1]?.fields, { error: 'no answer', suppressed: 999 });
});

test('a gather that takes longer than the interval never overlaps; skipped ticks are counted', async () => {
  let gathering = 0;
  const { clock, running, stats } = setUp({
    async gather() {
      gathering += 1;
      assert.equal(gathering, 1);
      await new Promise<void>((resolve) => clock.after(15_000, resolve));
      gathering -= 1;
    },
  });
  await started(running);
  await clock.advance(60_000);
  assert.equal(stats.gathers, 3);
  assert.equal(stats.gatherSkipped, 3);
});

const hostile: [title: string, thrown: unknown][] = [
  ['an Error', new Error('no')],
  ['a string', 'no'],
  ['undefined', undefined],
  ['null', null],
  ['an object without prototype', Object.create(null)],
  [
    'an error whose message throws',
    Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('no');
      },
    }),
  ],
  [
    'a proxy that throws at everything',
    new Proxy(new Error('x'), {
      get() {
        throw new Error('no');
      },
      getPrototypeOf() {
        throw new Error('no');
      },
    }),
  ],
];

for (const [title, thrown] of hostile) {
  test(`a plugin that throws ${title}, in every method and at every call, harms nobody`, async () => {
    const fail = (): never => {
      throw thrown;
    };
    const { clock, running, stats, emitted } = setUp(
      { start: fail, gather: fail, stop: fail },
      { startup_error_behavior: 'retry' },
    );
    await started(running);
    await clock.advance(30_000);
    const stopped = running.stop(5000);
    await clock.advance(5000);
    await stopped;
    assert.ok(stats.errors >= 4, `${stats.errors}`);
    assert.deepEqual(emitted, []);
  });
}

test('getters that throw instead of methods are failures like others', async () => {
  const plugin = Object.defineProperties({} as Input, {
    gather: {
      get() {
        throw new Error('no');
      },
    },
    stop: {
      get() {
        throw new Error('no');
      },
    },
  });
  const { clock, running, stats } = setUp(plugin);
  await started(running);
  await clock.advance(10_000);
  await running.stop(5000);
  assert.equal(stats.gatherErrors, 1);
  assert.equal(stats.errors, 2);
});

test('startup_error_behavior error: the failure is the agent’s', async () => {
  const { running } = setUp({ start: () => Promise.reject(new StartupError('no device', { retryable: true })) });
  await assert.rejects(running.start(), /no device/);
});

test('startup_error_behavior ignore: the input does not run', async () => {
  const { running } = setUp(
    { start: () => Promise.reject(new Error('no device')) },
    { startup_error_behavior: 'ignore' },
  );
  assert.equal(await running.start(), false);
});

test('startup_error_behavior retry: a new plugin is started on each interval until one runs', async () => {
  const stopped: number[] = [];
  let made = 0;
  const { clock, running, emitted, stats } = setUp(
    () => {
      made += 1;
      const number = made;
      return {
        start: async () => {
          if (number < 3) throw new StartupError('no device', { retryable: true });
        },
        gather: async (acc) => acc.add(metricOf(`from ${number}`)),
        stop: async () => void stopped.push(number),
      };
    },
    { startup_error_behavior: 'retry' },
  );
  await started(running);
  await clock.advance(30_000);
  assert.deepEqual(
    emitted.map((metric) => metric.name),
    ['from 3', 'from 3'],
  );
  assert.deepEqual(stopped, [1, 2]);
  assert.equal(stats.errors, 2);
});

test('a start that hangs is not started a second time beside it', async () => {
  let starts = 0;
  const { clock, running } = setUp(
    {
      start: () => {
        starts += 1;
        return hang();
      },
    },
    { startup_error_behavior: 'retry' },
  );
  const result = running.start();
  await clock.advance(31_000);
  assert.equal(await result, true);
  running.schedule();
  await clock.advance(60_000);
  assert.equal(starts, 1);
});

test('stop aborts a gather, waits for it, and takes the last metrics', async () => {
  let accumulator: Accumulator | undefined;
  const order: string[] = [];
  const { clock, running, emitted, stats } = setUp({
    start: async (acc) => {
      accumulator = acc;
    },
    gather: async (_, signal) => {
      await untilAborted(signal).catch(() => order.push('gather'));
    },
    stop: async () => {
      order.push('stop');
      accumulator?.add(metricOf('last'));
    },
  });
  await started(running);
  await clock.advance(10_000);
  await running.stop(5000);
  await running.stop(5000);
  assert.deepEqual(order, ['gather', 'stop']);
  assert.deepEqual(
    emitted.map((metric) => metric.name),
    ['last'],
  );
  accumulator?.add(metricOf('late'));
  assert.equal(emitted.length, 1);
  assert.equal(stats.errors, 1);
  assert.equal(clock.pending, 0);
});

test('stop ends in time though gather and stop hang', async () => {
  const { clock, running } = setUp({ gather: hang, stop: hang });
  await started(running);
  await clock.advance(10_000);
  let stoppedMs = 0;
  void running.stop(5000).then(() => {
    stoppedMs = clock.monotonicMs();
  });
  await clock.advance(60_000);
  assert.equal(stoppedMs, 15_000);
  assert.equal(clock.pending, 0);
});

test('stop ends a start in progress', async () => {
  const { clock, running } = setUp({ start: hang });
  const result = assert.rejects(running.start(), /stopped while it started/);
  const stopped = running.stop(5000);
  await clock.advance(5000);
  await Promise.all([result, stopped]);
});

test('a plugin that is no object is refused when it is made', () => {
  assert.throws(() => setUp(() => undefined as never), /create has to return an object, not undefined/);
});
