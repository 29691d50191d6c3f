import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApp } from '../../../controller/api/app.js';
import { hasPrometheus, promtoolCheck } from '../../support/prometheus-server.js';
import { tempFolder } from '../../support/temp-folder.js';
import { type Description, make, settings, started, TOKENS } from './controller.js';

test('the description has every route that is served and no other, and names them apart', async (t) => {
  const api = await started(t);
  const { json } = await api.ask({ path: '/v1/openapi.json' });
  const description = json as unknown as Description;
  assert.equal(description.openapi, '3.1.0');
  const described = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  // 405 is how a path says that it has no such method, 404 that there is no such path.
  const served: string[] = [];
  for (const path of Object.keys(description.paths)) {
    for (const method of ['GET', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS']) {
      const { status } = await api.ask({ method, path: path.replace('{id}', 'a') });
      if (status !== 405) served.push(`${method} ${path}`);
    }
  }
  assert.deepEqual(served.sort(), described.sort());
  const ids = Object.values(description.paths).flatMap((operations) =>
    Object.values(operations).map((operation) => (operation as unknown as { operationId: string }).operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
});

test('the description is the same for every configuration', async () => {
  const [one, other] = [await make(settings()), await make(settings({ tokens: {}, heartbeat: '10s', policies: [] }))];
  assert.deepEqual(one.controller.describe(), other.controller.describe());
});

test('policies are shown as they are configured, with their defaults', async (t) => {
  const api = await started(t, {
    policies: [
      { mode: 'mesh', interval: '250ms' },
      { mode: 'tor-mesh', name: 'racks' },
    ],
  });
  const { json } = await api.ask({ path: '/v1/policies', token: TOKENS.reader });
  const [mesh, racks] = json.policies as { mode: string; name?: string; interval: string; transport: string }[];
  assert.deepEqual([mesh?.mode, mesh?.interval, mesh?.transport], ['mesh', '250ms', 'udp']);
  assert.deepEqual([racks?.name, racks?.interval], ['racks', '1s']);
});

test('HEAD comes with GET, without a body', async (t) => {
  const api = await started(t);
  const { status, text } = await api.ask({ method: 'HEAD', path: '/healthz' });
  assert.deepEqual([status, text], [200, '']);
});

test('the metrics count requests by route, not by path, and are clean for promtool', async (t) => {
  const api = await started(t);
  await api.register('a');
  await api.register('b');
  await api.register('b', { key: 'another-key-0123456789' });
  await api.ask({ path: '/v1/agents/a/pinglist', token: TOKENS.reader });
  await api.ask({ path: '/made/up/by/a/peer' });
  const { text, headers } = await api.ask({ path: '/metrics', token: TOKENS.reader });
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  for (const line of [
    'weft_controller_agents{state="active"} 2',
    'weft_controller_registrations_total 2',
    'weft_controller_registrations_refused_total{reason="not_yours"} 1',
    'weft_controller_requests_total{method="PUT",route="/v1/agents/:id",status="200"} 2',
    'weft_controller_requests_total{method="PUT",route="/v1/agents/:id",status="403"} 1',
    'weft_controller_requests_total{method="other",route="other",status="404"} 1',
    'weft_controller_pinglists_sent_total 1',
    'weft_controller_store_available 1',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
  assert.ok(!text.includes('made'));
  // A second scrape: what others count is set, not added.
  const again = await api.ask({ path: '/metrics', token: TOKENS.reader });
  assert.match(again.text, /^weft_controller_registrations_total 2$/m);
  if (!hasPrometheus()) return t.skip('Debian package prometheus is not installed');
  assert.equal(promtoolCheck(Buffer.from(text)), '');
});

test('a fault of a handler is 500 for the peer and in full for the log', async (t) => {
  const api = await started(t);
  const { log } = api;
  const route = {
    method: 'GET' as const,
    url: '/fails',
    operationId: 'fails',
    summary: '',
    roles: 'open' as const,
    answers: {},
    handle: () => {
      throw new Error('secret detail');
    },
  };
  const context = {
    settings: () => settings(),
    clock: api.clock,
    metrics: { countRequest: () => {} },
  } as unknown as Parameters<typeof createApp>[1];
  const app = await createApp([route], context, log);
  const { statusCode, body } = await app.inject({ url: '/fails' });
  assert.equal(statusCode, 500);
  assert.doesNotMatch(body, /secret detail/);
  assert.match(JSON.stringify(log.lines), /secret detail/);
});

test('the topology file goes before what agents say, and a reload reads it again', async (t) => {
  const file = join(await tempFolder(t), 'topology.yaml');
  await writeFile(file, 'agents:\n  a: { labels: { tor: t9 } }\n');
  const changes = { topology: file, policies: [{ mode: 'tor-mesh' }] };
  const api = await started(t, changes);
  await api.register('a', { labels: { tor: 't1' } });
  await api.register('b', { labels: { tor: 't1' } });
  const view = async () => {
    const { json } = await api.ask({ path: '/v1/agents/a', token: TOKENS.reader });
    const list = await api.ask({ path: '/v1/agents/a/pinglist', token: TOKENS.reader });
    return [json.labels, (list.json.targets as object[]).length];
  };
  assert.deepEqual(await view(), [{ tor: 't9' }, 0]);
  await writeFile(file, 'agents: {}\n');
  await api.controller.reload(settings(changes));
  assert.deepEqual(await view(), [{ tor: 't1' }, 1]);

  await writeFile(file, 'agents:\n  a: { label: {} }\n');
  await assert.rejects(api.controller.reload(settings(changes)), /topology\.yaml:2:8: .*label/);
  assert.deepEqual(await view(), [{ tor: 't1' }, 1], 'as it was');
});

test('a reload takes over policies and times; what needs a restart is named', async (t) => {
  const api = await started(t);
  await api.register('a');
  await api.register('b');
  await api.controller.reload(settings({ policies: [], heartbeat: '10s', max_agents: 7 }));
  assert.equal((await api.register('a')).json.heartbeat_ms, 10_000);
  const { json } = await api.ask({ path: '/v1/agents/a/pinglist', token: TOKENS.reader });
  assert.deepEqual(json.targets, []);
  const warning = api.log.lines.find(({ level }) => level === 'warn');
  assert.deepEqual(warning?.fields.options, ['max_agents']);
  await api.register('c');
  assert.equal(
    ((await api.ask({ path: '/v1/agents/c/pinglist', token: TOKENS.reader })).json.targets as object[]).length,
    0,
    'the new generator hears of changes',
  );
});
