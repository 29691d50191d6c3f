import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { makeCertificates } from '../../../support/certificates.js';
import { fetchUrl } from '../../../support/http-client.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { waitFor } from '../../../support/wait-for.js';
import { END_MS, probe, recorded, WINDOW_MS } from '../../common/grid/store/probes.js';
import { gridOf, served } from './served.js';
import { briefly, located, MESH, START_MS } from './small-mesh.js';

const TOKEN = 'token-of-a-reader-0123456789';

test('a grid of hosts: names, window, values, states', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  const { json } = await ask('/v1/grid?level=host&stat=max');
  assert.deepEqual([json.transport, json.unit, json.src, json.dst], ['udp', 'ns', ['a', 'b', 'c'], ['a', 'b', 'c']]);
  assert.deepEqual(json.window, {
    start: new Date(START_MS).toISOString(),
    end: new Date(END_MS).toISOString(),
    start_ms: START_MS,
  });
  assert.deepEqual(json.values, [null, 12_000, 50_000, null, null, 40_000, null, null, null]);
  assert.equal(json.states, '-vv' + '--v' + 'x--');
  assert.deepEqual(json.thresholds, { latency_ns: [1e6, 5e6, 2e7], loss: [0.05, 0.2, 0.5] });
  const loss = await ask('/v1/grid?level=host&stat=loss');
  assert.deepEqual([loss.json.unit, loss.json.values], ['ratio', [null, 0, 0.25, null, null, 0, 1, null, null]]);
  const sent = await ask('/v1/grid?level=host&stat=sent');
  assert.deepEqual([sent.json.unit, sent.json.values], ['probes', [null, 2, 4, null, null, 1, 4, null, null]]);
});

test('a grid of ToRs is made of merged distributions and summed counts', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  const merged = recorded([30_000, 31_000, 50_000, 40_000]);
  for (const [stat, value] of [
    ['p50', Math.round(merged.quantile(0.5))],
    ['p99', 50_000],
    ['mean', Math.round(merged.meanNs)],
    ['min', 30_000],
    ['count', 4],
    ['loss', 1 / 5],
  ] as const) {
    const { json } = await ask(`/v1/grid?level=tor&stat=${stat}`);
    assert.deepEqual(json.src, ['dc1/p1/t1', 'dc1/p1/t2']);
    assert.equal(json.values[1], value, stat);
  }
  const { json } = await ask('/v1/grid?level=tor&delay=prober_delay&stat=max');
  assert.deepEqual(json.values, [95_000, null, null, null]);
});

test('one cell of a grid: counts, loss, state, figures', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  const { json } = await ask('/v1/cell?level=host&src=a&dst=c');
  assert.deepEqual([json.state, json.loss, json.window.start_ms], ['value', 0.25, START_MS]);
  assert.deepEqual([json.counts.sent, json.counts.success, json.counts.timeout], [4, 3, 1]);
  assert.deepEqual([json.figures.min, json.figures.max, json.figures.count], [30_000, 50_000, 3]);
  const failed = await ask('/v1/cell?level=host&src=c&dst=a');
  assert.deepEqual([failed.json.state, failed.json.loss, failed.json.figures], ['failure', 1, null]);
  const silent = await ask('/v1/cell?level=host&src=a&dst=a');
  assert.deepEqual([silent.json.state, silent.json.loss, silent.json.counts.sent], ['no_data', null, 0]);
  const tors = await ask('/v1/cell?level=tor&src=dc1/p1/t1&dst=dc1/p1/t2&delay=prober_delay');
  assert.deepEqual([tors.json.counts.sent, tors.json.figures], [5, null]);
  const outside = await ask('/v1/cell?level=host&src=a&dst=b&dst_in=tor:dc1/p1/t2');
  assert.deepEqual([outside.status, outside.json.error], [404, 'unknown_cell']);
  assert.match(outside.json.message, /no destination "b"/);
});

test('what rows and columns belong to one level up', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  const hosts = await ask('/v1/grid?level=host&dst_in=tor:dc1/p1/t2');
  assert.deepEqual(hosts.json.src_groups, [
    { name: 'dc1/p1/t1', members: 2 },
    { name: 'dc1/p1/t2', members: 1 },
  ]);
  assert.deepEqual(hosts.json.dst_groups, [{ name: 'dc1/p1/t2', members: 1 }]);
  const dcs = await ask('/v1/grid?level=dc');
  assert.deepEqual(dcs.json.src_groups, [{ name: '', members: 1 }]);
});

test('parts of a grid, other transports, other windows', async (t) => {
  const { write, ask, clock } = await served(t);
  await write(...MESH, probe({ src: 'x', dst: 'y', transport: 'tcp', networkNs: [7] }));
  const part = await ask('/v1/grid?level=host&stat=min&src_in=tor:dc1/p1/t1&dst_in=tor:dc1%2Fp1%2Ft2');
  assert.deepEqual([part.json.src, part.json.dst, part.json.values], [['a', 'b'], ['c'], [30_000, 40_000]]);
  const tcp = await ask('/v1/grid?transport=tcp&stat=min');
  assert.deepEqual(
    [tcp.json.src, tcp.json.values],
    [
      ['x', 'y'],
      [null, 7, null, null],
    ],
  );
  await clock.advance(WINDOW_MS);
  await write(...MESH.map((metric) => ({ ...metric, timeNs: metric.timeNs + BigInt(WINDOW_MS) * 1_000_000n })));
  const windowOf = async (query: string) => (await ask(`/v1/grid?${query}`)).json.window.start_ms;
  assert.equal(await windowOf(''), START_MS, 'the settled one');
  assert.equal(await windowOf('at=latest'), END_MS);
  assert.equal(await windowOf(`at=${END_MS - 1}`), START_MS);
  assert.equal(await windowOf(`at=${new Date(END_MS).toISOString()}`), END_MS);
});

test('what is asked wrongly is refused, and says what there is', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  for (const [query, status, error] of [
    ['stat=p98', 400, 'invalid_query'],
    ['level=rack', 400, 'invalid_query'],
    ['delay=rtt', 400, 'invalid_query'],
    ['colour=red', 400, 'invalid_query'],
    ['src_in=host:a', 400, 'invalid_query'],
    ['at=yesterday', 400, 'invalid_query'],
    ['at=5', 404, 'no_window'],
    ['transport=rdma-ud', 404, 'unknown_transport'],
    [`transport=${'x'.repeat(65)}`, 400, 'invalid_query'],
    ['stat=p50&stat=p99', 400, 'invalid_query'],
  ] as const) {
    for (const path of ['/v1/grid', '/v1/grid.csv', '/v1/worst']) {
      const { json, ...answer } = await ask(`${path}?${query}`);
      assert.deepEqual([answer.status, json.error], [status, error], `${path}?${query}`);
    }
  }
  for (const query of ['n=0', 'n=1001', 'n=x']) assert.equal((await ask(`/v1/worst?${query}`)).status, 400, query);
  assert.match((await ask('/v1/grid?stat=p98')).json.message, /: stat: expected "p50", .*found "p98"/);
  assert.match((await ask('/v1/grid?transport=ib')).json.message, /there are of: udp/);
  assert.equal((await ask('/v1/pairs/a/nobody')).json.error, 'unknown_pair');
  assert.equal((await ask('/v1/cdf?src=nobody')).json.error, 'unknown_pair');
  assert.equal((await ask('/v2/grid')).status, 404);
});

test('a grid of more than a million cells is refused', async (t) => {
  const { write, ask } = await served(t);
  await write(...Array.from({ length: 1025 }, (_, i) => probe({ src: `h${i}`, dst: 'h0', networkNs: [1] })));
  const { status, json } = await ask('/v1/grid?level=host');
  assert.deepEqual([status, json.error], [400, 'too_large']);
  assert.equal((await ask('/v1/grid?level=dc')).status, 200);
  assert.deepEqual(briefly((await ask('/v1/worst?level=host&stat=p50&n=2')).json.pairs), ['h0 h0 1', 'h1 h0 1']);
});

test('an empty mesh is an empty grid; one host is a grid of one', async (t) => {
  const { write, ask } = await served(t);
  const { json } = await ask('/v1/grid');
  assert.deepEqual(
    [json.transport, json.window, json.src, json.values, json.states, json.patterns],
    [null, null, [], [], '', []],
  );
  assert.equal((await ask('/v1/grid.csv')).body.toString(), 'src,dst,value_ns,state\r\n');
  assert.equal((await ask('/v1/worst')).json.error, 'no_data');
  assert.deepEqual((await ask('/v1/windows')).json.transports, []);
  await write(probe({ src: 'only', dst: 'only', networkNs: [800] }));
  const one = (await ask('/v1/grid?stat=p50')).json;
  assert.deepEqual([one.src, one.values, one.patterns], [['only'], [800], []]);
});

test('the binary form holds the same grid within 0.034 %', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  for (const query of ['level=host&stat=p99', 'level=host&stat=loss', 'level=tor&stat=count']) {
    const { json } = await ask(`/v1/grid?${query}`);
    const { body, headers } = await ask(`/v1/grid?${query}`, { headers: { accept: 'application/octet-stream' } });
    assert.equal(headers['content-type'], 'application/octet-stream');
    assert.equal(body.toString('latin1', 0, 4), 'WFG1');
    const headBytes = body.readUInt32LE(4);
    const { values, states, ...head } = json;
    assert.deepEqual(JSON.parse(body.toString('utf8', 8, 8 + headBytes)), head);
    assert.equal(body.length, 8 + headBytes + 2 * values.length);
    for (const [cell, value] of values.entries()) {
      const code = body.readUInt16LE(8 + headBytes + 2 * cell);
      if (value === null) {
        assert.equal(code, states[cell] === '-' ? 0 : 1);
        continue;
      }
      const decoded = json.unit === 'ratio' ? (code - 2) / 65_533 : 2 ** ((code - 2) / 1024) - 1;
      assert.ok(Math.abs(decoded - value) <= Math.max(value, 1) * 0.00034 + 1e-5, `${decoded} for ${value}`);
    }
  }
});

test('an unchanged grid is a 304, in each form by itself; a row that comes late changes it', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  const forms = [
    ['/v1/grid?level=host', {}],
    ['/v1/grid?level=host', { accept: 'application/octet-stream' }],
    ['/v1/grid?level=tor', {}],
    ['/v1/grid.csv?level=host', {}],
  ] as const;
  const etags = await Promise.all(
    forms.map(async ([path, headers]) => String((await ask(path, { headers })).headers.etag)),
  );
  assert.equal(new Set(etags).size, forms.length);
  const statuses = () =>
    Promise.all(
      forms.map(async ([path, headers], i) => {
        const { status } = await ask(path, { headers: { ...headers, 'if-none-match': `"x", W/${etags[i]}` } });
        return status;
      }),
    );
  assert.deepEqual(await statuses(), [304, 304, 304, 304]);
  await write(located({ src: 'a', dst: 'b', networkNs: [99_000] }));
  assert.deepEqual(await statuses(), [200, 200, 200, 200]);
});

test('CSV: a line for each cell with data, names that spreadsheets would run are text', async (t) => {
  const { write, ask } = await served(t);
  await write(probe({ src: '=cmd()', dst: 'b,"x"', networkNs: [5] }), probe({ src: '=cmd()', dst: 'c', timeout: 1 }));
  const { body, headers } = await ask('/v1/grid.csv?level=host&stat=max');
  assert.match(String(headers['content-type']), /^text\/csv/);
  assert.equal(body.toString(), `src,dst,value_ns,state\r\n'=cmd(),"b,""x""",5,value\r\n'=cmd(),c,,failure\r\n`);
});

test('names that try to be script come out as JSON strings, and nothing may run or be sniffed', async (t) => {
  const { write, ask } = await served(t);
  const names = ['</script><script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '\u2028\u0000{"a":1}'];
  await write(...names.map((src) => probe({ src, dst: '__proto__', networkNs: [1] })));
  const { json, headers } = await ask('/v1/grid?level=host');
  assert.deepEqual([...json.src].sort(), [...names, '__proto__'].sort());
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  const pair = await ask(`/v1/pairs/${encodeURIComponent(names[1] ?? '')}/__proto__`);
  assert.equal(pair.json.windows.length, 1);
  for (const path of ['/v2', '/healthz', '/v1/grid.csv'])
    assert.equal((await ask(path)).headers['x-content-type-options'], 'nosniff', path);
});

test('patterns are told with their rule', async (t) => {
  const { write, ask } = await served(t);
  const hosts = ['a', 'b', 'c'];
  const pairs = hosts.flatMap((src) => hosts.filter((dst) => dst !== src).map((dst) => ({ src, dst })));
  await write(
    ...pairs
      .filter(({ src }) => src !== 'c')
      .map(({ src, dst }) => probe({ src, dst, ...(dst === 'c' ? { timeout: 5 } : { networkNs: [9] }) })),
  );
  const [pattern, ...others] = (await ask('/v1/grid?level=host')).json.patterns;
  assert.deepEqual([pattern.pattern, pattern.level, pattern.name, others], ['host_down', 'host', 'c', []]);
  assert.match(pattern.rule, /white row/);
  assert.deepEqual([pattern.shape, pattern.figure], ['cross', 'any']);
  const { patterns } = (await ask('/v1/hosts/c')).json;
  assert.deepEqual(
    patterns.map((found: { pattern: string; level: string }) => [found.pattern, found.level]),
    [
      ['host_down', 'host'],
      ['tor_down', 'tor'],
    ],
    'without labels it is a ToR of its own',
  );
  assert.deepEqual((await ask('/v1/hosts/a')).json.patterns, []);
});

test('the windows, and what became of each metric', async (t) => {
  const { write, ask } = await served(t, { windows: 2 });
  await write(
    ...MESH,
    located({ src: 'a', dst: 'b', window: -2 }),
    located({ src: 'a', dst: 'b', window: 9 }),
    { ...located({ src: 'a', dst: 'b' }), name: 'weft_engine' },
    { ...located({ src: 'a', dst: 'b' }), tags: {} },
  );
  const { json } = await ask('/v1/windows');
  assert.deepEqual(json.transports[0].windows, [
    {
      start: new Date(START_MS).toISOString(),
      end: new Date(END_MS).toISOString(),
      start_ms: START_MS,
      pairs: 4,
    },
  ]);
  assert.deepEqual(json.store.metrics, { added: 4, other: 1, malformed: 1, late: 1, future: 1, full: 0, doubled: 0 });
  assert.deepEqual([json.window_ms, json.transports[0].settled_ms, json.store.hosts], [WINDOW_MS, START_MS, 3]);
});

test('events tell of windows that are added', async (t) => {
  const { grid, write, clock } = await served(t);
  const request = get(`${grid.url}/v1/events`, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  assert.match(String(response.headers['content-type']), /^text\/event-stream/);
  assert.equal(response.headers['x-content-type-options'], 'nosniff');
  const arrivals = new EventEmitter();
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    arrivals.emit('chunk');
  });
  const told = (wanted: string): Promise<true> =>
    waitFor(wanted, () => text.includes(wanted), { turn: () => once(arrivals, 'chunk'), seen: () => text });
  await told(': weft');
  await write(...MESH);
  const event = { transport: 'udp', newest_ms: START_MS, settled_ms: START_MS };
  await told(`event: window\ndata: ${JSON.stringify(event)}\n\n`);
  text = '';
  await clock.advance(10_000);
  await told(':\n\n');
  const ended = once(response, 'end');
  const closed = grid.close();
  await ended;
  await clock.advance(1000);
  await closed;
});

test('readers need their token; health and description do not', async (t) => {
  const { ask, log } = await served(t, { reader_tokens: [TOKEN] });
  const paths = [
    '/v1/grid',
    '/v1/grid.csv',
    '/v1/pairs/a/b',
    '/v1/pairs/a/b/paths',
    '/v1/hosts/a',
    '/v1/cdf',
    '/v1/worst',
    '/v1/windows',
    '/v1/events',
  ];
  for (const path of paths) {
    for (const authorization of [undefined, `Bearer ${TOKEN}x`, 'Bearer ', `Basic ${TOKEN}`]) {
      const { status, json } = await ask(path, { headers: authorization === undefined ? {} : { authorization } });
      assert.deepEqual([status, json.error], [401, 'unauthorized'], path);
    }
  }
  assert.equal((await ask('/v1/grid', { headers: { authorization: `Bearer ${TOKEN}` } })).status, 200);
  for (const path of ['/healthz', '/v1/openapi.json']) assert.equal((await ask(path)).status, 200);
  assert.ok(!JSON.stringify(log.lines).includes(TOKEN));
});

test('pages of other sites may read it only when their origin is listed', async (t) => {
  const { ask } = await served(t, { cors_origins: ['https://grafana.example'], reader_tokens: [TOKEN] });
  const allowed = async (origin: string, method = 'GET') => {
    const headers = { origin, authorization: `Bearer ${TOKEN}`, 'access-control-request-method': 'GET' };
    const answer = await ask('/v1/grid', { method, headers });
    return [answer.status, answer.headers['access-control-allow-origin']];
  };
  assert.deepEqual(await allowed('https://grafana.example'), [200, 'https://grafana.example']);
  assert.deepEqual(await allowed('https://grafana.example', 'OPTIONS'), [204, 'https://grafana.example']);
  assert.deepEqual(await allowed('https://elsewhere.example'), [200, undefined]);
  assert.deepEqual(await allowed('https://elsewhere.example', 'OPTIONS'), [405, undefined]);
});

test('TLS; with client certificates nobody else is served', async (t) => {
  const { caFile, ca, server, client } = makeCertificates(await tempFolder(t));
  const { grid } = await served(t, { tls_cert: server.certFile, tls_key: server.keyFile, tls_client_ca: caFile });
  const url = `${grid.url}/v1/grid`;
  const { status } = await fetchUrl(url, { ca, cert: client.cert, key: client.key, servername: 'localhost' });
  assert.equal(status, 200);
  await assert.rejects(fetchUrl(url, { ca, servername: 'localhost' }));
});

test('options that cannot be meant are refused before anything starts', () => {
  for (const [changes, message] of [
    [{ listen: '0.0.0.0:1' }, /reader_tokens/],
    [{ listen: 'nonsense' }, /host:port/],
    [{ reader_tokens: ['short'] }, /reader_tokens\[0\]: expected at least 16/],
    [{ udp_steps: ['5ms', '1ms', '20ms'] }, /udp_steps: the steps must ascend/],
    [{ loss_steps: [0.1, 0.1, 0.2] }, /loss_steps: the/],
    [{ tls_cert: 'x' }, /tls_key/],
  ] as const) {
    assert.throws(() => gridOf(changes), message);
  }
  assert.ok(gridOf({ listen: '0.0.0.0:1', reader_tokens: [TOKEN] }).grid);
});
