/** docs/openapi-rows.json: what a listener serves, and what rows look like. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { encodeRows, rowsDocument } from '../../../../plugins/common/grid/row-encoder.js';
import { send } from '../../../controller/api/controller.js';
import { probe, WINDOW_MS } from '../../common/grid/metrics.js';
import { startedListener } from './listener.js';

const read = (path: string) => readFileSync(new URL(`../../../../../${path}`, import.meta.url), 'utf8');
const description = JSON.parse(read('docs/openapi-rows.json'));
const { post } = description.paths['/v1/rows'];
const isDocument = new Ajv({ strict: false, validateFormats: false }).compile(
  post.requestBody.content['application/json'].schema,
);

test('a listener serves its description and its health to everybody', async (t) => {
  const listener = await startedListener(t);
  const served = await send(listener.url, { method: 'GET', path: '/v1/openapi.json' });
  assert.deepEqual([served.status, served.json], [200, description]);
  assert.equal((await send(listener.url, { method: 'GET', path: '/healthz' })).status, 200);
});

test('rows that agents write, and those of docs/rows.md, are of the described form; a misspelt one is not', () => {
  const { rows } = encodeRows([probe(), probe({ dst: 'c', tags: { path: '7', rack: 'r1' } })], WINDOW_MS);
  const text = JSON.stringify(rowsDocument(rows));
  assert.ok(isDocument(JSON.parse(text)), JSON.stringify(isDocument.errors));
  const [, example = ''] = /```json\n(.*?)```/s.exec(read('docs/rows.md')) ?? [];
  assert.ok(isDocument(JSON.parse(example)), JSON.stringify(isDocument.errors));
  assert.equal(isDocument(JSON.parse(text.replace('"dst"', '"dest"'))), false);
});

test('every answer that a push had is described', async (t) => {
  const listener = await startedListener(t, { max_age: '60s', allow_src: ['host-*'] });
  const statuses = [
    (await listener.push([probe()])).status,
    (await listener.push([probe({ src: 'stranger' })])).status,
    (await listener.push([probe({ timeNs: 10_000_000_000n })])).status,
    (await listener.post('{')).status,
    (await listener.post('{}', { headers: { 'content-type': 'text/csv' } })).status,
    (await listener.push([probe()], { token: undefined })).status,
  ];
  assert.deepEqual(statuses, [200, 403, 422, 400, 415, 401]);
  for (const status of statuses) assert.ok(post.responses[status], `${status} is not described`);
});
