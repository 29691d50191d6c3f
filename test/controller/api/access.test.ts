import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Role } from '../../../core/http/access.js';
import { tempFolder } from '../../support/temp-folder.js';
import { KEY, make, registration, settings, started, TOKENS, udp } from './controller.js';

const OTHER_KEY = 'key-of-another-agent-0123456789';

const GUARDED: readonly [method: string, path: string, ...allowed: Role[]][] = [
  ['PUT', '/v1/agents/a', 'agent', 'admin'],
  ['DELETE', '/v1/agents/a', 'admin'],
  ['GET', '/v1/agents', 'reader', 'admin'],
  ['GET', '/v1/agents/a', 'reader', 'admin'],
  ['GET', '/v1/agents/a/pinglist', 'agent', 'reader', 'admin'],
  ['GET', '/v1/policies', 'reader', 'admin'],
  ['GET', '/metrics', 'reader', 'admin'],
];
const OPEN = ['/healthz', '/readyz', '/v1/openapi.json'];

test('each route is for its roles: 401 without a token that is known, 403 with one of another role', async (t) => {
  const api = await started(t);
  for (const [method, path, ...allowed] of GUARDED) {
    const asked = { method, path, ...(method === 'PUT' && { body: registration() }), key: KEY };
    for (const token of [undefined, 'nonsense', `${TOKENS.admin}x`, TOKENS.admin.slice(1), '']) {
      const { status, json, headers } = await api.ask({ ...asked, token });
      assert.deepEqual([status, json.error], [401, 'unauthorized'], `${method} ${path} with ${token}`);
      assert.equal(headers['www-authenticate'], 'Bearer realm="weft"');
    }
    for (const role of ['agent', 'reader', 'admin'] as const) {
      if (method === 'GET') await api.register('a');
      const { status, json } = await api.ask({ ...asked, token: TOKENS[role] });
      if (allowed.includes(role)) assert.ok(status < 300, `${role} may ${method} ${path}: ${status}`);
      else assert.deepEqual([status, json.error], [403, 'wrong_role'], `${role} ${method} ${path}`);
    }
  }
  for (const path of OPEN) assert.equal((await api.ask({ path })).status, 200, path);
});

test('nobody writes or reads as another agent, whose entry and list stay as they are', async (t) => {
  const api = await started(t);
  await api.register('a', { labels: { tor: 't1' } });
  const stolen = await api.register('a', { key: OTHER_KEY, endpoints: [udp('10.6.6.6')] });
  assert.deepEqual([stolen.status, stolen.json.error], [403, 'not_yours']);
  const read = await api.ask({ path: '/v1/agents/a/pinglist', token: TOKENS.agent, key: OTHER_KEY });
  assert.deepEqual([read.status, read.json.error], [403, 'not_yours']);
  const { json } = await api.ask({ path: '/v1/agents/a', token: TOKENS.reader });
  assert.deepEqual([json.labels, json.endpoints], [{ tor: 't1' }, [udp('10.0.0.1')]]);
});

test('the key of an agent has to be there and of a sane length', async (t) => {
  const api = await started(t);
  for (const key of ['', 'short', 'x'.repeat(129), 'with space 0123456789']) {
    const { status, json } = await api.register('a', { key });
    assert.deepEqual([status, json.error], [400, 'key_missing'], key);
  }
});

test('tokens may stand in files, and several of one role for a rotation', async (t) => {
  const file = join(await tempFolder(t), 'token');
  await writeFile(file, 'token-from-a-file-0123456789\n');
  const tokens = { reader: [TOKENS.reader, `file:${file}`] };
  const api = await started(t, { tokens });
  for (const token of [TOKENS.reader, 'token-from-a-file-0123456789']) {
    assert.equal((await api.ask({ path: '/v1/agents', token })).status, 200);
  }
  assert.equal((await api.ask({ path: '/v1/agents', token: `file:${file}` })).status, 401);

  await writeFile(file, 'another-from-a-file-0123456789\n');
  await api.controller.reload(settings({ tokens }));
  assert.equal((await api.ask({ path: '/v1/agents', token: 'token-from-a-file-0123456789' })).status, 401);
  assert.equal((await api.ask({ path: '/v1/agents', token: 'another-from-a-file-0123456789' })).status, 200);
});

test('a token file that is missing or holds none ends the start, and names the file', async (t) => {
  const folder = await tempFolder(t);
  await writeFile(join(folder, 'short'), 'short');
  for (const name of ['short', 'missing']) {
    const file = join(folder, name);
    const { controller } = await make(settings({ tokens: { agent: [`file:${file}`] } }));
    await assert.rejects(controller.start(new AbortController().signal), new RegExp(file));
    assert.equal(controller.url, undefined);
  }
});

test('without tokens everybody on this host may do everything, which is said once', async (t) => {
  const api = await started(t, { tokens: {} });
  assert.equal((await api.register('a', { token: undefined })).status, 200);
  assert.equal((await api.ask({ path: '/v1/agents' })).status, 200);
  assert.equal(api.log.messages('warn').filter((message) => message.includes('no tokens')).length, 1);
});

test('no secret gets to the log, nor what peers send but for their paths', async (t) => {
  const api = await started(t);
  await api.register('a', { labels: { tor: 'secret-label' } });
  await api.register('a', { token: 'wrong-token-0123456789', headers: { 'x-probe': 'secret-header' } });
  await api.register('a', { key: OTHER_KEY });
  const lines = JSON.stringify(api.log.lines);
  for (const secret of [...Object.values(TOKENS), KEY, OTHER_KEY, 'wrong-token', 'secret-label', 'secret-header']) {
    assert.ok(!lines.includes(secret), secret);
  }
  const requests = api.log.lines.filter(({ message }) => message === 'request');
  assert.deepEqual(
    requests.map(({ level, fields }) => [level, fields.method, fields.path, fields.status]),
    [200, 401, 403].map((status) => ['debug', 'PUT', '/v1/agents/a', status]),
  );
});
