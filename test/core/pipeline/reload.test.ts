import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, StartupError } from '../../../core/errors.js';
import { Agent } from '../../../core/pipeline/agent.js';
import type { Accumulator, Input, Output } from '../../../core/plugin.js';
import { FakeOutput, hang, metricOf } from '../../support/fake-output.js';
import { configOf, environment, input, output, type Parts, processor } from '../../support/pipeline.js';

const ONLY = { namepass: ['m*'] };

class Source implements Input {
  acc: Accumulator | undefined;
  async start(acc: Accumulator): Promise<void> {
    this.acc = acc;
  }
  push(...names: string[]): void {
    for (const name of names) this.acc?.add(metricOf(name));
  }
}

/** One port that only one of them can hold. */
class Port {
  holder: string | undefined;
  readonly log: string[] = [];

  output(name: string, broken = false): Output {
    return {
      connect: async () => {
        if (broken) throw new StartupError(`${name}: no certificate`, { retryable: false });
        if (this.holder !== undefined) throw new StartupError(`${name}: in use by ${this.holder}`, { retryable: true });
        this.holder = name;
        this.log.push(`+${name}`);
      },
      write: async () => {},
      close: async () => {
        if (this.holder !== name) return;
        this.holder = undefined;
        this.log.push(`-${name}`);
      },
    };
  }
}

async function running(parts: Parts) {
  const env = environment();
  const agent = new Agent({ ...env, config: configOf(parts) });
  await agent.start();
  return { ...env, agent };
}

test('a reload to the same configuration touches nothing', async () => {
  const source = input('source', () => new Source());
  const sink = output('sink', () => new FakeOutput());
  const pass = processor('pass', () => ({ process: (metric) => metric }));
  const parts = { inputs: [source], processors: [pass], outputs: [sink] };
  const { agent } = await running(parts);
  const before = [...agent.inputs, ...agent.processors, ...agent.outputs];
  await agent.reload(configOf(parts));
  assert.deepEqual(agent.snapshot().reloads, 1);
  for (const [i, now] of [...agent.inputs, ...agent.processors, ...agent.outputs].entries())
    assert.equal(now, before[i]);
  await agent.stop();
});

test('a reload that adds an output keeps the others, their buffers and counters, and the probing inputs', async () => {
  const source = new Source();
  const [old, added] = [new FakeOutput(), new FakeOutput()];
  const inputs = [input('source', () => source)];
  const first = output('old', () => old, ONLY);
  const { agent, clock } = await running({ inputs, outputs: [first] });
  const [runningInput, runningOutput] = [agent.inputs[0], agent.outputs[0]];
  source.push('m1');
  await agent.reload(configOf({ inputs, outputs: [first, output('added', () => added, ONLY)] }));
  assert.equal(agent.inputs[0], runningInput);
  assert.equal(agent.outputs[0], runningOutput);
  assert.equal(runningOutput?.stats.bufferSize, 1);
  source.push('m2');
  await clock.advance(10_000);
  assert.deepEqual(old.arrived, ['m1', 'm2']);
  assert.deepEqual(added.arrived, ['m2']);
  assert.equal(runningInput?.stats.metricsGathered, 2);
  await agent.stop();
});

test('a removed output writes what it holds and is closed; a removed input is stopped', async () => {
  const source = new Source();
  const sink = new FakeOutput();
  let stops = 0;
  const { agent } = await running({
    inputs: [
      input('source', () => source),
      input('other', () => ({
        stop: async () => {
          stops += 1;
        },
      })),
    ],
    outputs: [output('sink', () => sink, ONLY)],
  });
  source.push('m1');
  await agent.reload(configOf({ inputs: [input('source', () => source)] }));
  assert.deepEqual(sink.arrived, ['m1']);
  assert.equal(sink.closes, 1);
  assert.equal(stops, 1);
  assert.equal(agent.outputs.length, 0);
  await agent.stop();
});

test('a changed plugin that needs the same port takes it over', async () => {
  const port = new Port();
  const { agent } = await running({ outputs: [output('o', () => port.output('one'))] });
  await agent.reload(configOf({ outputs: [output('o', () => port.output('two'), { revision: 2 })] }));
  assert.deepEqual(port.log, ['+one', '-one', '+two']);
  await agent.stop();
  assert.equal(port.holder, undefined);
});

test('so does one that was only renamed', async () => {
  const port = new Port();
  const { agent } = await running({ outputs: [output('o', () => port.output('one'), { id: 'prometheus' })] });
  await agent.reload(configOf({ outputs: [output('alias', () => port.output('two'), { id: 'prometheus' })] }));
  assert.deepEqual(port.log, ['+one', '-one', '+two']);
  await agent.stop();
});

test('so do plugins whose position changed because the first of them is gone', async () => {
  const [a, b] = [new Port(), new Port()];
  const { agent } = await running({
    outputs: [
      output('prometheus', () => a.output('a'), { id: 'prometheus', revision: 1 }),
      output('prometheus-2', () => b.output('b'), { id: 'prometheus', revision: 2 }),
    ],
  });
  await agent.reload(
    configOf({ outputs: [output('prometheus', () => b.output('b again'), { id: 'prometheus', revision: 2 })] }),
  );
  assert.equal(a.holder, undefined);
  assert.equal(b.holder, 'b again');
  await agent.stop();
});

test('what a changed output could not write goes on to its successor', async () => {
  const source = new Source();
  const [broken, repaired] = [new FakeOutput(), new FakeOutput()];
  broken.onWrite = () => Promise.reject(new Error('token expired'));
  const inputs = [input('source', () => source)];
  const { agent, clock } = await running({ inputs, outputs: [output('o', () => broken, ONLY)] });
  source.push('m1', 'm2');
  await clock.advance(10_001);
  await agent.reload(configOf({ inputs, outputs: [output('o', () => repaired, { ...ONLY, revision: 2 })] }));
  await clock.advance(10_000);
  assert.deepEqual(repaired.arrived, ['m1', 'm2']);
  await agent.stop();
});

test('metrics that come while an output is replaced are not lost', async () => {
  const source = new Source();
  const [slow, next] = [new FakeOutput(), new FakeOutput()];
  const inputs = [input('source', () => source)];
  const { agent, clock } = await running({ inputs, outputs: [output('o', () => slow, ONLY)] });
  slow.onClose = () => new Promise((resolve) => clock.after(1000, resolve));
  const reloaded = agent.reload(configOf({ inputs, outputs: [output('o', () => next, { ...ONLY, revision: 2 })] }));
  await clock.advance(500);
  source.push('m1');
  await clock.advance(20_000);
  await reloaded;
  assert.deepEqual(next.arrived, ['m1']);
  await agent.stop();
});

test('a reload with a plugin that cannot be made changes nothing', async () => {
  const sink = new FakeOutput();
  const parts = { outputs: [output('sink', () => sink)] };
  const { agent } = await running(parts);
  const before = agent.outputs[0];
  const bad = output('bad', () => {
    throw new ConfigError('no such bucket');
  });
  await assert.rejects(agent.reload(configOf({ outputs: [bad] })), /no such bucket/);
  assert.equal(agent.outputs[0], before);
  assert.equal(sink.closes, 0);
  const { reloads, reloadFailures } = agent.snapshot();
  assert.deepEqual({ reloads, reloadFailures }, { reloads: 0, reloadFailures: 1 });
  await agent.stop();
});

test('a reload in which something does not start is taken back: old plugins run, new ones are stopped', async () => {
  const source = new Source();
  const port = new Port();
  const added = new FakeOutput();
  const kept = new FakeOutput();
  const make = input('source', () => source);
  const { agent, clock } = await running({
    inputs: [make],
    outputs: [output('kept', () => kept, ONLY), output('o', () => port.output('one'), ONLY)],
  });
  const [keptOutput] = agent.outputs;
  source.push('m1');
  const change = configOf({
    inputs: [make, input('broken', () => ({ start: () => Promise.reject(new Error('no device')) }))],
    outputs: [
      output('kept', () => kept, ONLY),
      output('o', () => port.output('two'), { ...ONLY, revision: 2 }),
      output('added', () => added, ONLY),
    ],
  });
  await assert.rejects(agent.reload(change), /inputs\.broken did not start: no device/);
  assert.deepEqual(port.log, ['+one', '-one', '+two', '-two', '+one']);
  assert.equal(added.closes, 1);
  assert.deepEqual(agent.outputs.map(({ name }) => name).sort(), ['kept', 'o']);
  assert.ok(agent.outputs.includes(keptOutput!));
  source.push('m2');
  await clock.advance(10_000);
  assert.deepEqual(kept.arrived, ['m1', 'm2']);
  const restored = agent.outputs.find(({ name }) => name === 'o');
  assert.equal(restored?.stats.metricsAdded, 2);
  assert.equal(restored?.stats.metricsWritten, 2);
  await agent.stop();
  assert.equal(port.holder, undefined);
});

test('a changed output that does not connect gives its place back, with what came meanwhile', async () => {
  const source = new Source();
  const [good, bad] = [new FakeOutput(), new FakeOutput()];
  const inputs = [input('source', () => source)];
  const { agent, clock } = await running({ inputs, outputs: [output('o', () => good, ONLY)] });
  bad.onConnect = async () => {
    source.push('m2');
    throw new StartupError('no certificate', { retryable: false });
  };
  source.push('m1');
  const change = configOf({ inputs, outputs: [output('o', () => bad, { ...ONLY, revision: 2 })] });
  await assert.rejects(agent.reload(change), /outputs\.o did not start: no certificate/);
  await clock.advance(10_000);
  assert.deepEqual(good.arrived, ['m1', 'm2']);
  assert.equal(agent.outputs[0]?.stats.metricsWritten, 2);
  await agent.stop();
});

test('a change of an agent option restarts the plugins that it concerns', async () => {
  const ticks: number[] = [];
  const { clock, agent } = await running({
    inputs: [
      input('a', () => ({ gather: async () => {} })),
      input('b', () => ({ gather: async () => {} }), { interval: 5000 }),
    ],
    outputs: [output('o', () => new FakeOutput())],
  });
  const [a, b, o] = [...agent.inputs, ...agent.outputs];
  await agent.reload(
    configOf({
      agent: { interval: 1000 },
      inputs: [
        input('a', () => ({ gather: async () => void ticks.push(1) })),
        input('b', () => ({ gather: async () => {} }), { interval: 5000 }),
      ],
      outputs: [output('o', () => new FakeOutput())],
    }),
  );
  assert.notEqual(agent.inputs[0], a);
  assert.equal(agent.inputs[1], b);
  assert.equal(agent.outputs[0], o);
  await clock.advance(3000);
  assert.equal(ticks.length, 3);
  await agent.stop();
});

test('a change of what the agent tells its plugins of itself makes all of them anew', async () => {
  const parts = {
    inputs: [input('i', () => ({ gather: async () => {} }))],
    outputs: [output('o', () => new FakeOutput())],
  };
  const { agent } = await running(parts);
  for (const change of [{ labels: { tor: 't1' } }, { hostname: 'host-b' }, { window: 20_000 }]) {
    const before = [agent.inputs[0], agent.outputs[0]];
    await agent.reload(configOf({ ...parts, agent: change }));
    assert.notEqual(agent.inputs[0], before[0]);
    assert.notEqual(agent.outputs[0], before[1]);
  }
  const [kept] = agent.inputs;
  await agent.reload(configOf({ ...parts, agent: { window: 20_000, log_level: 'debug', max_rate: 5 } }));
  assert.equal(agent.inputs[0], kept);
  await agent.stop();
});

test('processors are exchanged', async () => {
  const source = new Source();
  const sink = new FakeOutput();
  const base = { inputs: [input('source', () => source)], outputs: [output('sink', () => sink, ONLY)] };
  const rename = (suffix: string, revision: number) =>
    processor('rename', () => ({ process: (metric) => metricOf(metric.name + suffix) }), { ...ONLY, revision });
  const { agent, clock } = await running({ ...base, processors: [rename('a', 1)] });
  source.push('m1');
  await agent.reload(configOf({ ...base, processors: [rename('b', 2)] }));
  source.push('m2');
  await agent.reload(configOf(base));
  source.push('m3');
  await clock.advance(10_000);
  assert.deepEqual(sink.arrived, ['m1a', 'm2b', 'm3']);
  await agent.stop();
});

test('reloads wait for each other', async () => {
  const port = new Port();
  const { agent } = await running({ outputs: [output('o', () => port.output('0'), { revision: 0 })] });
  await Promise.all(
    [1, 2, 3].map((revision) =>
      agent.reload(configOf({ outputs: [output('o', () => port.output(String(revision)), { revision })] })),
    ),
  );
  assert.deepEqual(port.log, ['+0', '-0', '+1', '-1', '+2', '-2', '+3']);
  await agent.stop();
});

test('stop in the middle of a reload ends in time, and nothing is left running', async () => {
  const [first, second] = [new FakeOutput(), new FakeOutput()];
  second.onConnect = hang;
  const { agent, clock } = await running({ outputs: [output('o', () => first)] });
  const reloaded = assert.rejects(
    agent.reload(configOf({ outputs: [output('o', () => second, { revision: 2 })] })),
    /stopped while it started/,
  );
  await clock.advance(1000);
  let stopped = false;
  void agent.stop().then(() => {
    stopped = true;
  });
  await clock.advance(5000);
  assert.equal(stopped, true);
  await reloaded;
  assert.equal(first.closes, 1);
  assert.equal(second.closes, 1);
  await clock.advance(60_000);
  assert.equal(clock.pending, 0);
});

test('what stop finds between the old and the new is not started any more', async () => {
  const [first, second] = [new FakeOutput(), new FakeOutput()];
  const { agent, clock } = await running({ outputs: [output('o', () => first)] });
  first.onClose = () => new Promise((resolve) => clock.after(1000, resolve));
  const reloaded = assert.rejects(
    agent.reload(configOf({ outputs: [output('o', () => second, { revision: 2 })] })),
    /the agent stops/,
  );
  await clock.advance(500);
  const stopped = agent.stop();
  await clock.advance(5000);
  await Promise.all([stopped, reloaded]);
  assert.equal(second.connects, 0);
});

test('a reload is taken back from the near end: new inputs stop before the new outputs they fill', async () => {
  const order: string[] = [];
  const sink = new FakeOutput();
  sink.onClose = async () => void order.push('output');
  const { agent } = await running({});
  const change = configOf({
    inputs: [
      input('added', () => ({ stop: async () => void order.push('input') })),
      input('broken', () => ({ start: () => Promise.reject(new Error('no device')) })),
    ],
    outputs: [output('added', () => sink)],
  });
  await assert.rejects(agent.reload(change), /no device/);
  assert.deepEqual(order, ['input', 'output']);
  await agent.stop();
});
