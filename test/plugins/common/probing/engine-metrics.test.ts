import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { Metric } from '../../../../core/metric.js';
import {
  close,
  createTcpReflector,
  createUdpProber,
  createUdpReflector,
  newSliceBuffer,
  port,
  pump,
} from '../../../../native/index.js';
import { EngineMetrics } from '../../../../plugins/common/probing/engine-metrics.js';
import { proberOptions, reflectorOptions, tcpReflectorOptions } from '../../../support/engine.js';

const TAGS = { transport: 'udp', engine: 'reflector', src: 'here' };

function numberOf(metrics: readonly Metric[], field: string, reason?: string): number | undefined {
  const metric = metrics.find(({ tags }) => tags.reason === reason);
  const found = metric?.fields[field];
  return found?.kind === 'count' || found?.kind === 'gauge' ? found.value : undefined;
}

describe('metrics of an engine', () => {
  test('are the growth of its counters since they were read', async (t) => {
    const engine = createUdpReflector(reflectorOptions());
    t.after(() => close(engine));
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => socket.close());
    await once(socket, 'listening');
    const metrics = new EngineMetrics(engine, TAGS);
    const buffer = newSliceBuffer(1);
    /** Sends a good and two short packets; on loopback they are there when `send` calls back. */
    const exchange = async (): Promise<void> => {
      for (const packet of [Buffer.alloc(44, 0x41), Buffer.alloc(43), Buffer.alloc(0)]) {
        await new Promise((resolve) => socket.send(packet, port(engine), '127.0.0.1', resolve));
      }
      pump(engine, 20, buffer);
    };
    assert.equal(numberOf(metrics.read(0n), 'received'), 0);
    await exchange();
    const first = metrics.read(1n);
    assert.deepEqual([numberOf(first, 'received'), numberOf(first, 'answered')], [3, 1]);
    assert.equal(numberOf(first, 'refused', 'short'), 2);
    assert.equal(numberOf(first, 'refused', 'loop'), 0);
    await exchange();
    await exchange();
    const second = metrics.read(2n);
    assert.deepEqual([numberOf(second, 'received'), numberOf(second, 'refused', 'short')], [6, 4]);
    assert.equal(numberOf(metrics.read(3n), 'received'), 0);
  });

  for (const [name, create, states] of [
    ['a prober', () => createUdpProber(proberOptions()), ['outstanding', 'targets']],
    ['a TCP reflector', () => createTcpReflector(tcpReflectorOptions()), ['connections']],
  ] as const) {
    test(`of ${name} say which are its states`, () => {
      const engine = create();
      const { fields } = new EngineMetrics(engine, TAGS).read(0n).find(({ tags }) => tags.reason === undefined)!;
      close(engine);
      const gauges = Object.keys(fields).filter((field) => fields[field]!.kind === 'gauge');
      assert.deepEqual(gauges.sort(), states);
    });
  }

  test('are named after the engine, and counts have a unit', () => {
    const engine = createUdpProber(proberOptions());
    const tags = { ...TAGS, engine: 'prober' };
    const all = new EngineMetrics(engine, tags).read(42n);
    close(engine);
    for (const metric of all) {
      assert.equal(metric.name, 'weft_engine');
      assert.equal(metric.timeNs, 42n);
      const { reason: _, ...own } = metric.tags;
      assert.deepEqual(own, tags);
    }
    const { fields } = all.find((metric) => metric.tags.reason === undefined)!;
    assert.deepEqual(fields.sent, { kind: 'count', value: 0, unit: '1' });
  });
});
