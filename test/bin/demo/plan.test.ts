import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DemoSettings, planHosts, writeConfig, writePinglist } from '../../../bin/demo/plan.js';
import { tempFolder } from '../../support/temp-folder.js';

const SETTINGS: DemoSettings = {
  transports: ['udp', 'tcp'],
  windowMs: 1000,
  probeIntervalMs: 100,
  probeTimeoutMs: 250,
};

test('a TCP port that is taken is replaced, and targets and reflectors agree on every port', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const hosts = await planHosts(2, taken);
  const [first, second] = hosts;
  assert.ok(first !== undefined && second !== undefined);
  assert.notEqual(first.ports.tcp, taken);

  const directory = await tempFolder(t);
  const config = JSON.parse(await readFile(await writeConfig(directory, first, SETTINGS), 'utf8'));
  await writePinglist(directory, second, hosts, SETTINGS);
  const pinglist = JSON.parse(await readFile(join(directory, `${second.name}.pinglist.json`), 'utf8'));
  assert.deepEqual(
    pinglist.targets.map(({ transport, dst, port }: Record<string, unknown>) => [transport, dst, port]),
    SETTINGS.transports.map((transport) => [transport, 'host-1', first.ports[transport]]),
  );
  for (const transport of SETTINGS.transports) {
    assert.equal(config.inputs[transport][0].listen, `127.0.0.1:${first.ports[transport]}`);
  }
});

test('a transport that is left out is neither configured nor probed', async (t) => {
  const directory = await tempFolder(t);
  const hosts = await planHosts(2, 1);
  const [first] = hosts;
  assert.ok(first !== undefined);
  const settings: DemoSettings = { ...SETTINGS, transports: ['tcp'] };
  const config = JSON.parse(await readFile(await writeConfig(directory, first, settings), 'utf8'));
  await writePinglist(directory, first, hosts, settings);
  const pinglist = JSON.parse(await readFile(join(directory, 'host-1.pinglist.json'), 'utf8'));
  assert.deepEqual(Object.keys(config.inputs), ['pinglist', 'tcp']);
  assert.deepEqual(
    pinglist.targets.map(({ transport }: { transport: string }) => transport),
    ['tcp'],
  );
});
