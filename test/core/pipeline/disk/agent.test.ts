/** Outputs with a disk buffer in an agent that is reloaded, stopped and started again. */

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OutputConfig } from '../../../../core/config/common.js';
import { Agent } from '../../../../core/pipeline/agent.js';
import { gatherOnce } from '../../../../core/pipeline/once.js';
import type { Accumulator } from '../../../../core/plugin.js';
import { FakeOutput, metricOf } from '../../../support/fake-output.js';
import { configOf, environment, input, output } from '../../../support/pipeline.js';
import { memoryFolder } from '../../../support/temp-folder.js';
import { until } from '../../../support/wait-for.js';

const refuse = (): Promise<never> => Promise.reject(new Error('away'));
const disk = (directory: string): Pick<OutputConfig, 'buffer' | 'namepass'> => ({
  buffer: { type: 'disk', directory, max_bytes: 1024 * 1024 },
  namepass: ['m*'],
});

function source() {
  let accumulator: Accumulator | undefined;
  const instance = input('source', () => ({
    start: async (acc) => {
      accumulator = acc;
    },
  }));
  return { instance, push: (...names: string[]) => names.map((name) => accumulator?.add(metricOf(name))) };
}

async function started(outputs: Parameters<typeof configOf>[0]['outputs']) {
  const env = environment();
  const { instance, push } = source();
  const config = (list: typeof outputs) => configOf({ inputs: [instance], outputs: list ?? [] });
  const agent = new Agent({ ...env, config: config(outputs) });
  await agent.start();
  const turn = (): Promise<void> => env.clock.advance(50);
  return { ...env, agent, push, config, until: (what: () => boolean) => until(what, { turn }) };
}

test('what a server did not take before the agent was stopped, it gets after the next start', async (t) => {
  const folder = await memoryFolder(t);
  const sink = new FakeOutput();
  sink.onWrite = refuse;
  const first = await started([output('sink', () => sink, disk(folder))]);
  first.push('m1', 'm2');
  await first.agent.stop();
  const [stopped] = first.agent.outputs;
  assert.deepEqual([stopped?.stats.metricsDropped, stopped?.stats.bufferSize], [0, 2]);
  sink.onWrite = async () => {};
  const second = await started([output('sink', () => sink, disk(folder))]);
  second.push('m3');
  await second.until(() => sink.arrived.length === 3);
  assert.deepEqual(sink.arrived, ['m1', 'm2', 'm3']);
  assert.equal(second.agent.outputs[0]?.stats.metricsRecovered, 2);
  await second.agent.stop();
});

test('a reload that changes an output keeps its disk buffer, and one that fails gives it back', async (t) => {
  const folder = await memoryFolder(t);
  const sink = new FakeOutput();
  sink.onWrite = refuse;
  const sinkOf = (revision: number) => output('sink', () => sink, { ...disk(folder), revision });
  const { agent, push, config, until } = await started([sinkOf(1)]);
  push('m1');
  await agent.reload(config([sinkOf(2)]));
  assert.deepEqual([agent.outputs[0]?.stats.metricsRecovered, agent.outputs[0]?.stats.bufferSize], [1, 1]);
  push('m2');
  const broken = output('broken', () => ({ connect: refuse, write: refuse }));
  await assert.rejects(agent.reload(config([sinkOf(3), broken])), /broken did not start: away/);
  push('m3');
  sink.onWrite = async () => {};
  await until(() => sink.arrived.length === 3);
  assert.deepEqual(sink.arrived, ['m1', 'm2', 'm3']);
  await agent.stop();
});

test('from memory to disk: what waited in memory goes along', async (t) => {
  const folder = await memoryFolder(t);
  const sink = new FakeOutput();
  sink.onWrite = refuse;
  const { agent, push, config } = await started([output('sink', () => sink, { namepass: ['m*'] })]);
  push('m1', 'm2');
  await agent.reload(config([output('sink', () => sink, { ...disk(folder), revision: 2 })]));
  await agent.stop();
  assert.deepEqual([agent.outputs[0]?.stats.bufferSize, agent.outputs[0]?.stats.metricsDropped], [2, 0]);
});

test('a directory that cannot be used ends the start; with `retry` the output runs from when it can', async (t) => {
  const folder = join(await memoryFolder(t), 'buffer');
  await writeFile(folder, '');
  const sink = new FakeOutput();
  await assert.rejects(
    started([output('sink', () => sink, disk(folder))]),
    /outputs\.sink did not start: cannot buffer in .*: it is no directory/,
  );
  const patient = output('sink', () => sink, { ...disk(folder), startup_error_behavior: 'retry' });
  const { agent, clock, push, until } = await started([patient]);
  push('m1');
  await clock.advance(20_000);
  assert.deepEqual(sink.arrived, []);
  await rm(folder);
  await until(() => sink.arrived.length === 1);
  await agent.stop();
});

test('`weft once` counts what stays on the disk as unsent', async (t) => {
  const sink = new FakeOutput();
  sink.onWrite = refuse;
  const env = environment();
  const numbers = input('numbers', () => ({ gather: async (acc) => acc.add(metricOf('m1')) }));
  const config = configOf({ inputs: [numbers], outputs: [output('sink', () => sink, disk(await memoryFolder(t)))] });
  const result = await gatherOnce({ ...env, config, writeOutputs: true });
  assert.deepEqual(result, { errors: 0, unsent: 1 });
});
