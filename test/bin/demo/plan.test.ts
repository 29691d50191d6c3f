import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import {
  CONTROLLER_NAME,
  configFile,
  type DemoHost,
  type DemoSettings,
  planController,
  planHosts,
  writeAgentConfig,
  writeControllerConfig,
} from '../../../bin/demo/plan.js';
import { tempFolder } from '../../support/temp-folder.js';

const SETTINGS: DemoSettings = {
  transports: ['udp', 'tcp'],
  windowMs: 1000,
  probeIntervalMs: 100,
  probeTimeoutMs: 250,
};

const URL_OF_CONTROLLER = 'http://127.0.0.1:1';

interface AgentFile {
  readonly inputs: Readonly<Record<string, readonly [{ readonly listen: string; url: string; state_file: string }]>>;
}

interface ControllerFile {
  readonly controller: { readonly listen: string; readonly policies: readonly { readonly transport: string[] }[] };
}

const readAgent = async (directory: string, { name }: DemoHost): Promise<AgentFile> =>
  JSON.parse(await readFile(configFile(directory, name), 'utf8'));
const readController = async (directory: string): Promise<ControllerFile> =>
  JSON.parse(await readFile(configFile(directory, CONTROLLER_NAME), 'utf8'));

test('a TCP port that is taken is replaced, and the reflectors listen where that says', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const [first] = await planHosts(2, taken);
  assert.ok(first !== undefined);
  assert.notEqual(first.ports.tcp, taken);
  const directory = await tempFolder(t);
  await writeAgentConfig(directory, first, URL_OF_CONTROLLER, SETTINGS);
  const { inputs } = await readAgent(directory, first);
  for (const transport of SETTINGS.transports) {
    assert.equal(inputs[transport]?.[0].listen, `127.0.0.1:${first.ports[transport]}`);
  }
});

test('a transport that is left out is neither configured nor asked for', async (t) => {
  const directory = await tempFolder(t);
  const [first] = await planHosts(2, 1);
  assert.ok(first !== undefined);
  const settings: DemoSettings = { ...SETTINGS, transports: ['tcp'] };
  await writeAgentConfig(directory, first, URL_OF_CONTROLLER, settings);
  await writeControllerConfig(directory, URL_OF_CONTROLLER, settings);
  assert.deepEqual(Object.keys((await readAgent(directory, first)).inputs), ['controller', 'tcp']);
  const { policies } = (await readController(directory)).controller;
  assert.deepEqual(
    policies.map(({ transport }) => transport),
    [['tcp']],
  );
});

test('without transports the controller has nobody probe', async (t) => {
  const directory = await tempFolder(t);
  await writeControllerConfig(directory, URL_OF_CONTROLLER, { ...SETTINGS, transports: [] });
  assert.deepEqual((await readController(directory)).controller.policies, []);
});

test('the hosts stand in two pods with a ToR each', async () => {
  const halves = async (count: number): Promise<string[]> =>
    (await planHosts(count, 1)).map(({ labels }) => `${labels.pod}/${labels.tor}`);
  assert.deepEqual(await halves(2), ['p1/t1', 'p2/t2']);
  assert.deepEqual(await halves(5), ['p1/t1', 'p1/t1', 'p1/t1', 'p2/t2', 'p2/t2']);
});

test('agents and controller meet at one URL, and each agent has a state file of its own', async (t) => {
  const directory = await tempFolder(t);
  const url = await planController();
  await writeControllerConfig(directory, url, SETTINGS);
  assert.equal(`http://${(await readController(directory)).controller.listen}`, url);
  const hosts = await planHosts(2, 1);
  await Promise.all(hosts.map((host) => writeAgentConfig(directory, host, url, SETTINGS)));
  const files = await Promise.all(hosts.map((host) => readAgent(directory, host)));
  const inputs = files.map((file) => file.inputs.controller?.[0]);
  assert.ok(inputs.every((input) => input?.url === url));
  assert.equal(new Set(inputs.map((input) => input?.state_file)).size, 2);
});
