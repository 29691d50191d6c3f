import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_TARGETS } from '../../../../core/pinglist/limits.js';
import { overBudget } from '../../../../plugins/inputs/controller/list-budget.js';

const judge = (text: string): string | undefined => overBudget(Buffer.from(text));
const LABELS = '{"tor":"t","pod":"p","dc":"d","rack":"r","row":"[,{","host":"\\"},"}';
const FULL = `{"transport":"tcp","dst":"b","address":"10.0.0.1","port":1,"interval":"1s","timeout":"1s","paths":1,"payload_bytes":0,"dscp":0,"ttl":64,"mode":"m","labels":${LABELS},"http":{"path":"/","host":"h","status":200}}`;
const listOf = (count: number, target: string): string =>
  `{"version":1,"revision":"r","targets":[${Array(count).fill(target).join()}]}`;

test('the longest list of full targets is within it', () => {
  assert.equal(judge(listOf(MAX_TARGETS, FULL)), undefined);
});

for (const [name, text, excess] of [
  ['more targets', listOf(3 * MAX_TARGETS + 1, '{}'), /more maps and lists/],
  ['more values', `[[${'0,'.repeat(40 * MAX_TARGETS + 1)}0]]`, /more values/],
  ['a wide map', listOf(1, `{${'"a":1,'.repeat(256)}"a":1}`), /a map of more than 256/],
  ['a wide root', `{${'"a":1,'.repeat(256)}"a":1}`, /a map of more than 256/],
  ['depth', listOf(1, '{"labels":{"a":{}}}'), /nested/],
  ['a long text', listOf(1, `{"a":"${'x'.repeat(4097)}"}`), /a text of more/],
  ['a long text of escapes', `"${'\\"'.repeat(4097)}`, /a text of more/],
] as const) {
  test(`${name} is not`, () => assert.match(String(judge(text)), excess));
}

test('what is no JSON is left to the parser', () => {
  for (const text of ['', ']]]]}}}}', '"', '"\\', '{"a', ',,,', '\u0000']) assert.equal(judge(text), undefined);
});

test('256 values and 4096 bytes are within it', () => {
  assert.equal(judge(`{${'"a":1,'.repeat(255)}"a":1}`), undefined);
  assert.equal(judge(`{"a":"${'x'.repeat(4096)}"}`), undefined);
});
