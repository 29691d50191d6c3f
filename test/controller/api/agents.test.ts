import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePinglist } from '../../../core/pinglist/pinglist.js';
import { KEY, registration, started, TOKENS, udp } from './controller.js';

const SENT = { file: 'the answer' };

test('a registration is answered with how often to come back', async (t) => {
  const api = await started(t, { heartbeat: '30s', refresh: '45s' });
  const { status, json } = await api.register('host-a');
  assert.equal(status, 200);
  assert.deepEqual(json, { version: 1, heartbeat_ms: 30_000, refresh_ms: 45_000 });
});

test('agents get lists of each other, with an ETag, and 304 until something changes for them', async (t) => {
  const api = await started(t, { policies: [{ mode: 'mesh', group_by: 'room' }] });
  await api.register('a', { labels: { room: '1' }, endpoints: [udp('10.0.0.1')] });
  await api.register('b', { labels: { room: '1' }, endpoints: [udp('10.0.0.2')] });
  const path = '/v1/agents/a/pinglist';
  const asked = { path, token: TOKENS.agent, key: KEY };
  const first = await api.ask(asked);
  assert.equal(first.status, 200);
  assert.deepEqual(
    [first.headers['cache-control'], first.headers.etag],
    ['private, no-cache', `"${first.json.revision}"`],
  );
  const { targets } = parsePinglist(first.json, SENT);
  assert.deepEqual(
    targets.map(({ dst }) => dst),
    ['b'],
  );

  const again = (etag: string) => api.ask({ ...asked, headers: { 'if-none-match': etag } });
  const etag = String(first.headers.etag);
  for (const candidate of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const { status, text, headers } = await again(candidate);
    assert.deepEqual([status, text, headers.etag], [304, '', etag], candidate);
  }
  await api.register('elsewhere', { labels: { room: '2' }, endpoints: [udp('10.0.0.3')] });
  assert.equal((await again(etag)).status, 304);
  await api.register('c', { labels: { room: '1' }, endpoints: [udp('10.0.0.4')] });
  const changed = await again(etag);
  assert.equal(changed.status, 200);
  assert.equal(parsePinglist(changed.json, SENT).targets.length, 2);
});

test('a registration replaces the one before, whole', async (t) => {
  const api = await started(t);
  await api.register('a', { labels: { tor: 't1' }, endpoints: [udp('10.0.0.1'), udp('10.0.0.2')] });
  await api.register('a', { labels: { pod: 'p1' }, endpoints: [udp('2001:DB8::0:1')] });
  const { json } = await api.ask({ path: '/v1/agents/a', token: TOKENS.reader });
  assert.deepEqual(json.labels, { pod: 'p1' });
  assert.deepEqual(json.endpoints, [udp('2001:db8::1')], 'in the canonical spelling');
});

test('agents grow stale, are forgotten, and leave the lists then', async (t) => {
  const api = await started(t, { stale_after: '300s', forget_after: '900s' });
  await api.register('a');
  await api.register('b', { endpoints: [udp('10.0.0.2')] });
  const beat = async (): Promise<void> => {
    await api.clock.advance(60_000);
    await api.register('a');
  };
  for (let i = 0; i < 6; i += 1) await beat();
  const states = async () => {
    const { json } = await api.ask({ path: '/v1/agents', token: TOKENS.reader });
    return (json.agents as { id: string; state: string }[]).map(({ id, state }) => `${id} ${state}`);
  };
  assert.deepEqual(await states(), ['a active', 'b stale']);
  const targets = async () => {
    const { json } = await api.ask({ path: '/v1/agents/a/pinglist', token: TOKENS.reader });
    return (json.targets as object[]).length;
  };
  assert.equal(await targets(), 1, 'its silence is to be seen');
  for (let i = 0; i < 10; i += 1) await beat();
  assert.deepEqual(await states(), ['a active']);
  assert.equal(await targets(), 0);
});

test('the agents come page by page, sorted', async (t) => {
  const api = await started(t);
  const ids = ['b', 'a', 'C', 'd-2', 'd-10'];
  for (const [i, id] of ids.entries()) await api.register(id, { endpoints: [udp(`10.0.0.${i + 1}`)] });
  const seen: string[] = [];
  let after: unknown = '';
  while (after !== undefined) {
    const { json } = await api.ask({ path: `/v1/agents?limit=2&after=${after}`, token: TOKENS.reader });
    assert.equal(json.total, 5);
    const page = json.agents as { id: string }[];
    assert.ok(page.length <= 2);
    seen.push(...page.map(({ id }) => id));
    after = json.next;
  }
  assert.deepEqual(seen, ['C', 'a', 'b', 'd-10', 'd-2']);
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=1&limit=2', 'offset=3']) {
    const { status, json } = await api.ask({ path: `/v1/agents?${query}`, token: TOKENS.reader });
    assert.deepEqual([status, json.error], [400, 'invalid_query'], query);
  }
});

test('an admin deletes an agent, and its id is free', async (t) => {
  const api = await started(t);
  await api.register('a');
  const remove = () => api.ask({ method: 'DELETE', path: '/v1/agents/a', token: TOKENS.admin });
  assert.equal((await remove()).status, 204);
  const gone = await remove();
  assert.deepEqual([gone.status, gone.json.error], [404, 'not_registered']);
  assert.equal((await api.register('a', { key: 'another-key-0123456789' })).status, 200);
});

test('an agent that is not registered has no list', async (t) => {
  const api = await started(t);
  for (const path of ['/v1/agents/nobody/pinglist', '/v1/agents/nobody']) {
    const { status, json } = await api.ask({ path, token: TOKENS.reader });
    assert.deepEqual([status, json.error], [404, 'not_registered']);
  }
});

test('no more than max_agents', async (t) => {
  const api = await started(t, { max_agents: 1 });
  await api.register('a');
  const { status, json, headers } = await api.register('b');
  assert.deepEqual([status, json.error, headers['retry-after']], [503, 'full', '60']);
  assert.equal((await api.register('a')).status, 200);
});

const WRONG: readonly [what: string, body: unknown, status: number, error: string, path?: string][] = [
  ['no body', undefined, 400, 'invalid_registration', ''],
  ['no JSON', '{"version": 1', 400, 'bad_request'],
  ['nothing', '', 400, 'bad_request'],
  ['a list', [], 400, 'invalid_registration', ''],
  ['null', 'null', 400, 'invalid_registration', ''],
  ['a prototype', '{"__proto__": {"version": 1}}', 400, 'bad_request'],
  ['another version', registration({ version: 2 }), 400, 'invalid_registration', 'version'],
  ['an unknown field', registration({ extra: 1 }), 400, 'invalid_registration', 'extra'],
  ['labels of numbers', registration({ labels: { tor: 1 } }), 400, 'invalid_registration', 'labels.tor'],
  ['a label name with a space', registration({ labels: { 'a b': 'x' } }), 400, 'invalid_registration'],
  ['endpoints as a map', registration({ endpoints: {} }), 400, 'invalid_registration', 'endpoints'],
  [
    '257 endpoints',
    registration({ endpoints: Array(257).fill(udp('10.0.0.1')) }),
    400,
    'invalid_registration',
    'endpoints',
  ],
  ['30 000 numbers', registration({ endpoints: Array(30_000).fill(1) }), 400, 'invalid_registration', 'endpoints'],
  [
    'another transport',
    registration({ endpoints: [{ ...udp('10.0.0.1'), transport: 'icmp' }] }),
    400,
    'invalid_registration',
    'endpoints[0].transport',
  ],
  [
    'port 70000',
    registration({ endpoints: [udp('10.0.0.1', 70_000)] }),
    400,
    'invalid_registration',
    'endpoints[0].port',
  ],
  ['port 0', registration({ endpoints: [udp('10.0.0.1', 0)] }), 400, 'invalid_registration', 'endpoints[0].port'],
  [
    'no GID',
    registration({ endpoints: [{ ...udp('10.0.0.1', 0), transport: 'rdma-ud', attributes: { qpn: 7 } }] }),
    400,
    'invalid_registration',
    'endpoints[0].attributes.gid',
  ],
  ...['host-b', '0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255', '::ffff:0.0.0.0', 'fe80::1%eth0'].map(
    (address): (typeof WRONG)[number] => [
      address,
      registration({ endpoints: [udp(address)] }),
      400,
      'invalid_registration',
      'endpoints[0].address',
    ],
  ),
  ['more than 64 KiB', registration({ weft: 'x'.repeat(70_000) }), 413, 'too_large'],
];

test('a wrong registration is refused with its place, and changes nothing', async (t) => {
  const api = await started(t);
  await api.register('a', { labels: { tor: 't1' } });
  const before = await api.ask({ path: '/v1/agents/a', token: TOKENS.reader });
  for (const [what, body, status, error, path] of WRONG) {
    const answer = await api.ask({ method: 'PUT', path: '/v1/agents/a', token: TOKENS.agent, key: KEY, body });
    assert.deepEqual([answer.status, answer.json.error], [status, error], what);
    const [issue] = (answer.json.issues ?? []) as { path: string }[];
    if (path !== undefined) assert.equal(issue?.path, path, what);
  }
  const after = await api.ask({ path: '/v1/agents/a', token: TOKENS.reader });
  assert.deepEqual(after.json, before.json);
});

test('other types of content are not read', async (t) => {
  const api = await started(t);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', '']) {
    const headers = { 'content-type': type };
    const { status } = await api.register('a', { headers });
    assert.equal(status, 415, type);
  }
});
