import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT_WINDOWS, Mesh } from '../../../bin/demo/mesh.js';
import { Distribution } from '../../../core/distribution.js';

const WINDOW_MS = 2000;

function line(dst: string, time: number, counts: Record<string, number>, rttNs: readonly number[] = []): string {
  const rtt = new Distribution();
  for (const ns of rttNs) rtt.record(ns);
  const { offset, counts: buckets } = rtt.denseBuckets();
  const network_rtt = { count: rtt.count, sum: rtt.sumNsNumber, min: rtt.minNs, max: rtt.maxNs, offset, buckets };
  const fields = { ...counts, ...(rtt.count > 0 ? { network_rtt } : {}) };
  return JSON.stringify({ name: 'probe', tags: { src: 'a', dst, transport: 'udp' }, fields, time });
}

test('a pair sums its windows, and loss is timeout of what was decided', () => {
  const mesh = new Mesh(WINDOW_MS);
  mesh.add(line('b', 1, { sent: 10, success: 8, timeout: 2 }, [100, 200]));
  mesh.add(line('b', 2, { sent: 12, success: 9, timeout: 0, invalid: 1, send_error: 2 }, [300]));
  const pair = mesh.pair('udp', 'a', 'b');
  assert.deepEqual([pair?.sent, pair?.success, pair?.invalid, pair?.sendError], [22, 17, 1, 2]);
  assert.equal(pair?.loss, 2 / 20);
  assert.equal(pair?.p99Ns, 300);
  assert.equal(mesh.pair('udp', 'b', 'a'), undefined);
});

test('two series of one window (two clocks) are one window', () => {
  const mesh = new Mesh(WINDOW_MS);
  mesh.add(line('b', 1, { sent: 10, success: 4 }, [100]));
  mesh.add(line('b', 1, { sent: 0, success: 6 }, [900]));
  assert.equal(mesh.pair('udp', 'a', 'b')?.success, 10);
  assert.equal(mesh.probesPerSecond('udp'), 5);
});

test('old windows leave', () => {
  const mesh = new Mesh(WINDOW_MS);
  for (let time = 0; time < KEPT_WINDOWS + 5; time++) mesh.add(line('b', time, { sent: 1, success: 1 }, [time + 1]));
  assert.equal(mesh.total('udp').sent, KEPT_WINDOWS);
});

test('a pair without a success has counts but no latency', () => {
  const mesh = new Mesh(WINDOW_MS);
  mesh.add(line('b', 1, { sent: 3, timeout: 3 }));
  mesh.add(line('c', 1, { sent: 3, send_error: 3 }));
  assert.deepEqual([mesh.pair('udp', 'a', 'b')?.loss, mesh.pair('udp', 'a', 'b')?.p99Ns], [1, undefined]);
  assert.equal(mesh.pair('udp', 'a', 'c')?.loss, undefined);
});

test('what a dead agent measured is forgotten, others stay', () => {
  const mesh = new Mesh(WINDOW_MS);
  mesh.add(line('b', 1, { sent: 1, success: 1 }));
  mesh.add(line('b', 1, { sent: 1, success: 1 }).replace('"src":"a"', '"src":"ab"'));
  mesh.forget('a');
  assert.equal(mesh.pair('udp', 'a', 'b'), undefined);
  assert.equal(mesh.pair('udp', 'ab', 'b')?.sent, 1);
});

test('a pair that is probed no more leaves, also when nothing is probed any more', () => {
  const mesh = new Mesh(WINDOW_MS);
  const at = (windows: number): number => windows * WINDOW_MS * 1e6;
  mesh.add(line('b', at(1), { sent: 10, success: 10 }));
  mesh.add(line('c', at(1), { sent: 10, success: 10 }));
  mesh.add(line('c', at(5), { sent: 4, success: 4 }));
  assert.equal(mesh.probesPerSecond('udp'), 2, 'only what is still probed has a rate');
  assert.equal(mesh.pair('udp', 'a', 'b')?.sent, 10);
  mesh.add(JSON.stringify({ name: 'weft_agent', tags: {}, fields: {}, time: at(KEPT_WINDOWS + 2) }));
  assert.equal(mesh.pair('udp', 'a', 'b'), undefined);
  assert.deepEqual([mesh.pair('udp', 'a', 'c')?.sent, mesh.total('udp').sent], [4, 4]);
});

test('metrics that are no probes are left out', () => {
  const mesh = new Mesh(WINDOW_MS);
  mesh.add(JSON.stringify({ name: 'weft_agent', tags: {}, fields: {}, time: 1 }));
  assert.equal(mesh.total('udp').sent, 0);
});

test('transports stand apart, and what a dead agent measured is forgotten for all of them', () => {
  const mesh = new Mesh(WINDOW_MS);
  const tcp = (text: string): string => text.replace('"transport":"udp"', '"transport":"tcp"');
  mesh.add(line('b', 1, { sent: 10, success: 10 }, [100]));
  mesh.add(tcp(line('b', 1, { sent: 4, success: 3, refused: 2, timeout: 1 }, [7000])));
  assert.equal(mesh.pair('udp', 'a', 'b')?.loss, 0);
  assert.deepEqual([mesh.pair('tcp', 'a', 'b')?.loss, mesh.pair('tcp', 'a', 'b')?.refused], [0.25, 2]);
  assert.deepEqual([mesh.total('udp').p99Ns, mesh.total('tcp').p99Ns], [100, 7000]);
  assert.deepEqual([mesh.probesPerSecond('udp'), mesh.probesPerSecond('tcp')], [5, 2]);
  mesh.forget('a');
  assert.deepEqual([mesh.pair('udp', 'a', 'b'), mesh.pair('tcp', 'a', 'b')], [undefined, undefined]);
});
