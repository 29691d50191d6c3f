/** RDMA on the command line: `weft devices`, `weft ping rdma-ud`, and an agent on a host that cannot do it. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { KEY, registration, started, TOKENS } from '../controller/api/controller.js';
import { startFakeVerbs } from '../support/fake-verbs.js';
import { tempFolder } from '../support/temp-folder.js';
import { type Exit, WeftProcess } from '../support/weft-process.js';

const NO_LIBRARY = { WEFT_LIBIBVERBS: 'libibverbs-that-is-not-there.so' };

function run(t: TestContext, env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Exit> {
  const process = new WeftProcess(args, env);
  t.after(() => process.destroy());
  return process.exit;
}

describe('weft devices', () => {
  test('lists ports and GIDs, and marks the one that would be used', async (t) => {
    const { env } = await startFakeVerbs(t, 'devices=2,fake1.clock=none');
    const { code, stdout, stderr } = await run(t, env, 'devices');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^fake0 {2}completion timestamps: ticks \(156\.25 MHz\) {2}paths: flow labels$/m);
    assert.match(stdout, /^fake1 {2}completion timestamps: none/m);
    assert.match(stdout, /^ {2}port 1 {2}PORT_ACTIVE {2}roce {2}MTU 4096$/m);
    assert.match(stdout, /^ {2}\* +3 {2}::ffff:10\.0\.0\.1 +roce-v2 {2}lo$/m);
    assert.equal(stdout.match(/^ {2}\*/gm)?.length, 2, 'one of each port');
  });

  test('--json has the same', async (t) => {
    const { env } = await startFakeVerbs(t, 'devices=1,link=ib');
    const { code, stdout } = await run(t, env, 'devices', '--json');
    const { devices, problems } = JSON.parse(stdout);
    assert.deepEqual([code, problems, devices.length], [0, [], 1]);
    const [{ name, timestamps, ports }] = devices;
    assert.deepEqual([name, timestamps, ports[0].link, ports[0].lid], ['fake0', 'ticks', 'infiniband', 1]);
    assert.deepEqual(ports[0].gids, [
      { index: 0, gid: 'fe80::200:ff:fe00:1', type: 'ib', interface: '', preferred: true },
    ]);
  });

  test('says what keeps a port from being used, and fails when that is all of them', async (t) => {
    const verbs = await startFakeVerbs(t, 'devices=1');
    for (const [name, settings] of [
      ['text', []],
      ['json', ['--json']],
    ] as const) {
      // A device that takes no work requests: what opens is refused.
      const process = new WeftProcess(['devices', ...settings], { ...verbs.env, FAKE_VERBS: 'devices=1,max_qp_wr=0' });
      t.after(() => process.destroy());
      const { code, stdout, stderr } = await process.exit;
      assert.equal(code, 1, name);
      assert.match(name === 'json' ? JSON.parse(stdout).problems[0] : stderr, /cannot use RDMA port fake0:1/);
    }
  });

  test('without libibverbs says what to install', async (t) => {
    const { code, stdout, stderr } = await run(t, NO_LIBRARY, 'devices');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^weft: RDMA needs libibverbs, which is not installed: install libibverbs1 .*\(.*\)$/m);
    const { stdout: json } = await run(t, NO_LIBRARY, 'devices', '--json');
    assert.deepEqual(JSON.parse(json).devices, []);
    assert.match(JSON.parse(json).problems[0], /not installed/);
  });

  test('without a device says where it could be', async (t) => {
    const { env } = await startFakeVerbs(t, 'devices=0');
    const { code, stderr } = await run(t, env, 'devices');
    assert.equal(code, 1);
    assert.match(stderr, /this host has no RDMA device: is the driver of the NIC loaded/);
  });
});

describe('weft ping rdma-ud', () => {
  test('counts what nobody answers', async (t) => {
    const { env } = await startFakeVerbs(t, 'devices=1');
    const args = ['10.0.0.1', '--qpn', '0x4d2', '-n', '2', '-i', '10ms', '-w', '50ms'];
    const { code, stdout } = await run(t, env, 'ping', 'rdma-ud', ...args);
    assert.equal(code, 1);
    assert.match(stdout, /^weft ping rdma-ud 10\.0\.0\.1 \(::ffff:10\.0\.0\.1 qpn 1234\): 2 probes, 10ms apart$/m);
    assert.match(stdout, /^2 sent, 0 answered, 2 lost \(100% loss\)$/m);
  });

  test('finds an agent by its name', async (t) => {
    const controller = await started(t);
    const attributes = { gid: '::ffff:10.0.0.1', qpn: 77, lid: 0, device: 'mlx5_0' };
    const endpoints = [{ transport: 'rdma-ud', address: '10.0.0.1', port: 0, attributes }];
    for (const [name, changes] of [
      ['host-b', { endpoints }],
      ['host-c', {}],
    ] as const) {
      const put = { method: 'PUT', path: `/v1/agents/${name}`, token: TOKENS.agent, key: KEY };
      assert.equal((await controller.ask({ ...put, body: registration(changes) })).status, 200);
    }
    const token = join(await tempFolder(t), 'token');
    await writeFile(token, `${TOKENS.reader}\n`);
    const { env } = await startFakeVerbs(t, 'devices=1');
    const access = ['--controller', controller.url, '--token-file', token];
    const ping = (name: string) =>
      run(t, env, 'ping', 'rdma-ud', name, ...access, '-n', '1', '-i', '10ms', '-w', '50ms', '--json');
    const found = await ping('host-b');
    const { summary } = JSON.parse(found.stdout.trimEnd().split('\n').at(-1) ?? '');
    assert.deepEqual([summary.host, summary.address, summary.qpn, summary.sent], ['host-b', '::ffff:10.0.0.1', 77, 1]);
    assert.match((await ping('host-c')).stderr, /host-c is registered without an RDMA endpoint/);
    assert.match((await ping('host-d')).stderr, /cannot fetch at .*host-d/);
  });

  for (const [args, words] of [
    [['10.0.0.1'], /--qpn NUMBER is missing/],
    [['host-b', '--qpn', '1'], /expected a GID such as fe80::1 or the IPv4 address of one, found "host-b"/],
    [['10.0.0.1', '--qpn', '0'], /whole number from 1 to 16777215/],
    [['10.0.0.1', '--qpn', '1', '--device', 'a:b'], /--device: expected a device/],
    [['10.0.0.1', '--qpn', '1', '--address', 'eth0'], /--address: expected/],
    [['10.0.0.1', '--qpn', '1', '--token-file', 'x'], /--token-file: only with --controller/],
    [['host-b', '--controller', 'controller'], /--controller: expected a URL/],
    [['10.0.0.1', '--qpn', '1', '--ttl', '3'], /unknown option '--ttl'/],
  ] as const) {
    test(`refuses ${args.join(' ')}`, async (t) => {
      const { code, stderr } = await run(t, NO_LIBRARY, 'ping', 'rdma-ud', ...args);
      assert.equal(code, 2);
      assert.match(stderr, words);
    });
  }

  for (const [what, settings, args, words] of [
    [
      'of another kind',
      'devices=1',
      ['2001:db8::1', '--qpn', '1'],
      /reaches 2001:db8::1: fake0:1 has ::ffff:10\.0\.0\.1/,
    ],
    [
      'from a device that is not there',
      'devices=1',
      ['10.0.0.1', '--qpn', '1', '--device', 'x'],
      /no such device, there is fake0/,
    ],
    [
      'from a GID that is not there',
      'devices=1',
      ['10.0.0.1', '--qpn', '1', '--gid-index', '99'],
      /no GID of index 99; it has 0 /,
    ],
  ] as const) {
    test(`a target ${what}`, async (t) => {
      const { env } = await startFakeVerbs(t, settings);
      const { code, stderr } = await run(t, env, 'ping', 'rdma-ud', ...args);
      assert.equal(code, 1);
      assert.match(stderr, words);
    });
  }
});

test('an agent that cannot do RDMA says why, and does all else', async (t) => {
  const folder = await tempFolder(t);
  const file = join(folder, 'weft.yaml');
  const inputs = { udp: [{ listen: '127.0.0.1:0' }], tcp: [{ listen: '127.0.0.1:0' }], 'rdma-ud': [{}] };
  await writeFile(file, JSON.stringify({ agent: { log_format: 'json' }, inputs }));
  const agent = new WeftProcess(['run', '-c', file], NO_LIBRARY);
  t.after(() => agent.destroy());
  await agent.until('it runs', ({ stderr }) => stderr.includes('"msg":"running"'));
  assert.equal(agent.stderr.match(/answering probes/g)?.length, 2);
  assert.match(agent.stderr, /"input":"rdma-ud".*RDMA needs libibverbs, which is not installed/);
  agent.kill('SIGTERM');
  assert.equal((await agent.exit).code, 0);
});
