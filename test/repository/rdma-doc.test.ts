/** docs/rdma.md against an engine: the counters that it lists, and the bytes that engines put on the wire. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  close,
  createRdmaEngine,
  newSliceBuffer,
  pump,
  RDMA_PAYLOAD_BYTES,
  setTargets,
  stats,
} from '../../native/index.js';
import { repositoryRoot } from '../core/config/repository.js';
import { ownFakeVerbs, rdmaEngineOptions, selfTarget } from '../support/rdma-rig.js';
import { until } from '../support/wait-for.js';

const configured = ownFakeVerbs();

/** The cells of a table between its marks, without its head. */
function rowsOf(name: string): string[][] {
  const text = readFileSync(join(repositoryRoot(), 'docs/rdma.md'), 'utf8');
  const block = text.split(`<!-- ${name}:begin -->\n`)[1]?.split(`<!-- ${name}:end -->`)[0];
  assert.ok(block, `no table "${name}"`);
  const lines = block.trim().split('\n').slice(2);
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

type Message = Readonly<Record<string, bigint>>;

/** The messages of the first probe of an engine that probes itself, read as the documented table says. */
async function firstExchange(t: TestContext, settings: string): Promise<Message[]> {
  const devices = await configured(settings);
  const engine = createRdmaEngine(rdmaEngineOptions());
  t.after(() => close(engine));
  setTargets(engine, [selfTarget(engine)]);
  await until(() => stats(engine).reflected! > 0, { turn: () => pump(engine, 1, newSliceBuffer()) });
  const packets = (await devices.command('packets fake0')).split('; ');
  const messages = packets.map((packet) => messageOf(Buffer.from(/payload=([0-9a-f]+)/.exec(packet)![1]!, 'hex')));
  // Another probe may have been sent before the last answer to the first.
  return messages.filter(({ sequence }) => sequence === messages[0]!.sequence);
}

function messageOf(payload: Buffer): Message {
  assert.equal(payload.length, RDMA_PAYLOAD_BYTES);
  const fields = rowsOf('wire').map(([offset, bytes, field]) => ({ at: Number(offset), bytes: Number(bytes), field }));
  let end = 0;
  for (const { at, bytes } of fields) {
    assert.equal(at, end, 'fields follow upon one another');
    end += bytes;
  }
  assert.equal(end, RDMA_PAYLOAD_BYTES);
  const read = ({ at, bytes }: { at: number; bytes: number }): bigint =>
    BigInt(`0x${payload.subarray(at, at + bytes).toString('hex')}`);
  return Object.fromEntries(fields.map((field) => [field.field!, read(field)]));
}

test('docs/rdma.md lists every counter of an engine, and nothing else', async (t) => {
  await configured();
  const engine = createRdmaEngine(rdmaEngineOptions());
  t.after(() => close(engine));
  const documented = rowsOf('counters').flatMap(([cell]) => [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assert.deepEqual(documented, Object.keys(stats(engine)));
});

test('docs/rdma.md says what probe and answers look like on the wire', { timeout: 60_000 }, async (t) => {
  const [probe, ack1, ack2, ...more] = await firstExchange(t, 'clock=ns');
  assert.ok(probe && ack1 && ack2 && more.length === 0);
  const flags = Object.fromEntries(rowsOf('flags').map(([name, value]) => [name!.replaceAll('`', ''), BigInt(value!)]));
  const head = { version: 1n, sequence: probe.sequence, t1: 0n, reserved: 0n };
  assert.deepEqual(probe, { ...head, type: 0n, ack: 0n, flags: 0n, t3: 0n, t4: 0n });
  const { t3 } = ack1;
  assert.deepEqual(ack1, { ...head, type: 1n, ack: 1n, flags: flags.kHardwareStamps, t3, t4: 0n });
  const { t4 } = ack2;
  assert.deepEqual(ack2, { ...head, type: 1n, ack: 2n, flags: flags.kHardwareStamps, t3, t4 });
  assert.ok(t4! > t3!, 'the answer leaves after the probe has come');
});

test('without completion stamps one answer tells all', { timeout: 60_000 }, async (t) => {
  const [probe, ack1, ...more] = await firstExchange(t, 'clock=none');
  assert.ok(probe && ack1 && more.length === 0);
  const { t3, t4 } = ack1;
  assert.deepEqual(ack1, { ...probe, type: 1n, ack: 1n, t3, t4 });
  assert.ok(t3! > 0n && t4! >= t3!);
});
