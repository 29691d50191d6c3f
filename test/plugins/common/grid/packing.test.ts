import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { InflatedTooLarge, inflate, pack, parseJson } from '../../../../plugins/common/grid/packing.js';
import { RowError } from '../../../../plugins/common/grid/row.js';
import { encodeRows, rowsDocument } from '../../../../plugins/common/grid/row-encoder.js';
import { probe, WINDOW_MS } from './metrics.js';

const MIB = 1024 * 1024;

test('what is packed is read back, small or large', async () => {
  for (const targets of [1, 5000]) {
    const metrics = Array.from({ length: targets }, (_, i) => probe({ dst: `host-${i}` }));
    const document = rowsDocument(encodeRows(metrics, WINDOW_MS).rows);
    const read = parseJson(await inflate(await pack(document), 64 * MIB));
    assert.deepEqual(read, document);
  }
});

test('a body is inflated up to its limit and no further, whichever way it is taken', async () => {
  for (const bytes of [1000, MIB, 128 * MIB]) {
    const body = gzipSync(Buffer.alloc(bytes));
    assert.equal((await inflate(body, bytes)).length, bytes);
    await assert.rejects(inflate(body, bytes - 1), InflatedTooLarge);
  }
});

test('what is no gzip, or half of one, or no JSON in UTF-8, is a RowError', async () => {
  const whole = gzipSync(JSON.stringify(Array.from({ length: 50_000 }, () => Math.random())));
  for (const body of [Buffer.alloc(0), Buffer.from('{}'), whole.subarray(0, -20), whole.subarray(0, 1000)]) {
    await assert.rejects(inflate(body, MIB), RowError);
  }
  for (const bytes of [Buffer.from('{'), Buffer.alloc(0), Buffer.from([0x22, 0xff, 0x22])]) {
    assert.throws(() => parseJson(bytes), RowError);
  }
});
