import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import {
  CONTROLLER_NAME,
  configFile,
  type DemoCentre,
  type DemoHost,
  type DemoSettings,
  GRID_NAME,
  planCentre,
  planHosts,
  writeAgentConfig,
  writeControllerConfig,
  writeGridConfig,
} from '../../../bin/demo/plan.js';
import { tempFolder } from '../../support/temp-folder.js';

const SETTINGS: DemoSettings = {
  transports: ['udp', 'tcp'],
  windowMs: 1000,
  probeIntervalMs: 100,
  probeTimeoutMs: 250,
};

const CENTRE: DemoCentre = {
  controllerUrl: 'http://127.0.0.1:1',
  listenerUrl: 'http://127.0.0.1:2',
  gridUrl: 'http://127.0.0.1:3',
};

interface AgentFile {
  readonly inputs: Readonly<Record<string, readonly [{ readonly listen: string; url: string; state_file: string }]>>;
}

interface ControllerFile {
  readonly controller: { readonly listen: string; readonly policies: readonly { readonly transport: string[] }[] };
}

function faultsOf([options]: readonly object[] = []): object {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([name]) => name.startsWith('fault_')));
}

const readAgent = async (directory: string, { name }: DemoHost): Promise<AgentFile> =>
  JSON.parse(await readFile(configFile(directory, name), 'utf8'));
const readController = async (directory: string): Promise<ControllerFile> =>
  JSON.parse(await readFile(configFile(directory, CONTROLLER_NAME), 'utf8'));

test('a TCP port that is taken is replaced by none that others are given, and the reflectors listen where that says', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const [first] = await planHosts(2, taken);
  assert.ok(first !== undefined);
  assert.notEqual(first.ports.tcp, taken);
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  assert.ok(first.ports.tcp < Number.parseInt(range, 10), `${first.ports.tcp} is one of ${range}`);
  const directory = await tempFolder(t);
  await writeAgentConfig(directory, first, CENTRE, SETTINGS);
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
  await writeAgentConfig(directory, first, CENTRE, settings);
  await writeControllerConfig(directory, CENTRE.controllerUrl, settings);
  assert.deepEqual(Object.keys((await readAgent(directory, first)).inputs), ['controller', 'tcp']);
  const { policies } = (await readController(directory)).controller;
  assert.deepEqual(
    policies.map(({ transport }) => transport),
    [['tcp']],
  );
});

test('without transports the controller has nobody probe', async (t) => {
  const directory = await tempFolder(t);
  await writeControllerConfig(directory, CENTRE.controllerUrl, { ...SETTINGS, transports: [] });
  assert.deepEqual((await readController(directory)).controller.policies, []);
});

test('the hosts stand in two pods with a ToR each', async () => {
  const halves = async (count: number): Promise<string[]> =>
    (await planHosts(count, 1)).map(({ labels }) => `${labels.pod}/${labels.tor}`);
  assert.deepEqual(await halves(2), ['p1/t1', 'p2/t2']);
  assert.deepEqual(await halves(5), ['p1/t1', 'p1/t1', 'p1/t1', 'p2/t2', 'p2/t2']);
});

test('the fault is in the reflectors of the host that is named, and in no other', async (t) => {
  const directory = await tempFolder(t);
  const hosts = await planHosts(2, 1);
  const cases = [
    { kind: 'loss', amount: 0.1, udp: { fault_loss: 0.1 }, tcp: { fault_loss: 0.1 } },
    { kind: 'delay', amount: 5, udp: { fault_network_delay: '5ms' }, tcp: {} },
    { kind: 'busy', amount: 5, udp: { fault_responder_delay: '5ms' }, tcp: {} },
  ] as const;
  for (const { kind, amount, ...expected } of cases) {
    const settings: DemoSettings = { ...SETTINGS, fault: { kind, host: 'host-2', amount } };
    await Promise.all(hosts.map((host) => writeAgentConfig(directory, host, CENTRE, settings)));
    const [well, ill] = await Promise.all(hosts.map((host) => readAgent(directory, host)));
    for (const transport of SETTINGS.transports) {
      assert.deepEqual(faultsOf(well?.inputs[transport]), {});
      assert.deepEqual(faultsOf(ill?.inputs[transport]), expected[transport]);
    }
  }
});

test('agents push to the listener, and the grid is served with windows as long as theirs', async (t) => {
  const directory = await tempFolder(t);
  const [host] = await planHosts(2, 1);
  assert.ok(host !== undefined);
  await writeAgentConfig(directory, host, CENTRE, SETTINGS);
  await writeGridConfig(directory, CENTRE, SETTINGS);
  const [agent, grid] = await Promise.all(
    [host.name, GRID_NAME].map(async (name) => JSON.parse(await readFile(configFile(directory, name), 'utf8'))),
  );
  assert.equal(agent.outputs['mesh-grid'][0].url, CENTRE.listenerUrl);
  assert.equal(`http://${grid.inputs['mesh-listener'][0].listen}`, CENTRE.listenerUrl);
  assert.equal(`http://${grid.outputs['mesh-grid'][0].listen}`, CENTRE.gridUrl);
  assert.equal(grid.agent.window, agent.agent.window);
});

test('agents and controller meet at one URL, and each agent has a state file of its own', async (t) => {
  const directory = await tempFolder(t);
  const centre = await planCentre();
  const url = centre.controllerUrl;
  await writeControllerConfig(directory, url, SETTINGS);
  assert.equal(`http://${(await readController(directory)).controller.listen}`, url);
  const hosts = await planHosts(2, 1);
  await Promise.all(hosts.map((host) => writeAgentConfig(directory, host, centre, SETTINGS)));
  const files = await Promise.all(hosts.map((host) => readAgent(directory, host)));
  const inputs = files.map((file) => file.inputs.controller?.[0]);
  assert.ok(inputs.every((input) => input?.url === url));
  assert.equal(new Set(inputs.map((input) => input?.state_file)).size, 2);
});
