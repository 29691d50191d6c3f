/** Agents and their controller as real processes on loopback: who comes, who goes, and what the others make of it. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { AGENT_KEY_HEADER, type Registration } from '../../core/control/registration.js';
import { freePort, freeUdpPort } from '../support/free-port.js';
import { type ProbeRow, total } from '../support/probe-rows.js';
import { tempFolder } from '../support/temp-folder.js';
import { WAIT_LIMIT_MS } from '../support/wait-for.js';
import { TestAgent } from './agent.js';
import { TestController } from './controller.js';

/** As short as they may be: a window is a second, too. */
const TIMES = { heartbeat: '1s', refresh: '1s', stale_after: '2s', forget_after: '4s' };
const MESH = { mode: 'mesh', transport: ['udp', 'tcp'], interval: '100ms', timeout: '250ms' };
/** Where nothing is lost: a busy machine is no loss. */
const PATIENT_MESH = { ...MESH, timeout: '10s' };
const optionsOf = (mesh: object): object => ({ ...TIMES, policies: [mesh], rate_limit: 10_000 });

/** A fleet of real agents, which ends with the test. */
class Fleet {
  readonly controller: TestController;
  readonly #t: TestContext;
  readonly #folder: string;

  private constructor(t: TestContext, controller: TestController, folder: string) {
    this.#t = t;
    this.controller = controller;
    this.#folder = folder;
  }

  static async open(t: TestContext, mesh: object = MESH): Promise<Fleet> {
    return new Fleet(t, await TestController.start(t, optionsOf(mesh)), await tempFolder(t));
  }

  /** Starts the agent `name` on an address of its own; started again, it is the same agent. */
  async start(name: string, address: string, onLoss: 'stop' | 'keep' = 'stop'): Promise<TestAgent> {
    const agent = await TestAgent.start({
      hostname: name,
      controller: {
        url: this.controller.url,
        state_file: join(this.#folder, `${name}.state`),
        start_spread: '0s',
        timeout: '1s',
        on_loss: onLoss,
      },
      // Nobody else is to answer there when it is gone.
      udp: { listen: `${address}:${await freeUdpPort()}` },
      tcp: { listen: `${address}:${await freePort()}` },
    });
    this.#t.after(() => agent.stop());
    return agent;
  }
}

/** Resolves when `agent` has measured each of `names` over both transports, from now on. */
async function measures(agent: TestAgent, names: readonly string[]): Promise<void> {
  const known = agent.rows.length;
  const pairs = names.flatMap((dst) => MESH.transport.map((transport) => ({ dst, transport })));
  await agent.until((rows) =>
    pairs.every(({ dst, transport }) => total(pair(rows.slice(known), dst, transport), 'success') > 0),
  );
}

function pair(rows: readonly ProbeRow[], dst: string, transport: string): ProbeRow[] {
  return rows.filter(({ tags }) => tags.dst === dst && tags.transport === transport);
}

/** The first window that began after now. */
async function nextWindow(agent: TestAgent): Promise<readonly ProbeRow[]> {
  return (await agent.windows(1))[0] ?? [];
}

function fetchFailures(agent: TestAgent): number {
  const rows = agent.controllerRows.filter(({ tags }) => tags.request === 'fetch');
  return rows.reduce((sum, { fields }) => sum + (fields.failures ?? 0), 0);
}

describe('the control plane', () => {
  it('an agent that is killed is lost for the others, then forgotten, and comes back by itself', async (t) => {
    const fleet = await Fleet.open(t);
    const [a, b, c] = await Promise.all([
      fleet.start('a', '127.4.1.1'),
      fleet.start('b', '127.4.1.2'),
      fleet.start('c', '127.4.1.3'),
    ]);
    await Promise.all([measures(a, ['b', 'c']), measures(b, ['a', 'c']), measures(c, ['a', 'b'])]);
    assert.equal(a.standing?.registered, 1);

    await c.kill();
    const lost = await nextWindow(a);
    assert.ok(total(pair(lost, 'c', 'udp'), 'timeout') > 0);
    assert.equal(total(pair(lost, 'c', 'udp'), 'success'), 0);
    const refused = pair(lost, 'c', 'tcp');
    assert.ok(total(refused, 'refused') > 0, 'the host is there, and says that nothing listens');
    assert.equal(total(refused, 'refused'), total(refused, 'success'));

    await Promise.all([a, b].map((agent) => agent.until(() => agent.standing?.targets === 2)));
    assert.deepEqual(await fleet.controller.ids(), ['a', 'b']);
    const quiet = await nextWindow(a);
    assert.deepEqual([...new Set(quiet.map(({ tags }) => tags.dst))], ['b']);

    const again = await fleet.start('c', '127.4.1.3');
    await Promise.all([measures(a, ['b', 'c']), measures(b, ['a', 'c']), measures(again, ['a', 'b'])]);
  });

  it('without a controller agents stop or go on as they are told, answer, and resume', async (t) => {
    const fleet = await Fleet.open(t, PATIENT_MESH);
    const [stops, keeps, keepsToo] = await Promise.all([
      fleet.start('stops', '127.4.2.1', 'stop'),
      fleet.start('keeps', '127.4.2.2', 'keep'),
      fleet.start('keeps-too', '127.4.2.3', 'keep'),
    ]);
    const names = ['keeps', 'keeps-too', 'stops'];
    await measures(stops, ['keeps', 'keeps-too']);
    await Promise.all([measures(keeps, ['stops', 'keeps-too']), measures(keepsToo, ['stops', 'keeps'])]);
    const lists = await Promise.all(names.map((name) => fleet.controller.list(name)));

    await fleet.controller.kill();
    await stops.until(() => stops.standing?.lost === 1);
    assert.ok(fetchFailures(stops) >= 3);
    assert.equal(stops.standing?.targets, 0);
    const window = await nextWindow(keeps);
    for (const dst of ['stops', 'keeps-too']) {
      for (const transport of MESH.transport) {
        const rows = pair(window, dst, transport);
        assert.ok(total(rows, 'success') > total(rows, 'refused'), `${dst} answers over ${transport}`);
        assert.equal(total(rows, 'timeout'), 0);
      }
    }
    const end = window[0]?.time ?? '';
    assert.equal(
      total(
        stops.rows.filter(({ time }) => time >= end),
        'sent',
      ),
      0,
      'nothing is sent any more',
    );

    await fleet.controller.restart();
    assert.deepEqual(await fleet.controller.ids(), names);
    assert.deepEqual(await Promise.all(names.map((name) => fleet.controller.list(name))), lists);
    await measures(stops, ['keeps', 'keeps-too']);
    assert.equal(stops.standing?.lost, 0);
    await measures(keeps, ['stops', 'keeps-too']);
  });

  it('a controller killed amid registrations knows every one that it acknowledged, and has all lists at once', async (t) => {
    const controller = await TestController.start(t, optionsOf(MESH));
    const acknowledged: string[] = [];
    let next = 0;
    let killed: Promise<void> | undefined;
    /** One after the other until there is no answer. */
    const registerMany = async (): Promise<void> => {
      for (;;) {
        const id = `host-${next++}`;
        const answer = await register(controller.url, id).catch(() => undefined);
        if (answer === undefined) return;
        assert.equal(answer.status, 200);
        acknowledged.push(id);
        if (acknowledged.length >= 100) killed ??= controller.kill();
      }
    };
    await Promise.all(Array.from({ length: 16 }, registerMany));
    await killed;

    await controller.restart();
    const ids = await controller.ids();
    const known = new Set(ids);
    assert.deepEqual(
      acknowledged.filter((id) => !known.has(id)),
      [],
    );
    for (const id of acknowledged.slice(0, 10)) {
      const targets = (await controller.list(id)).targets.map(({ dst }) => dst);
      assert.deepEqual(targets.sort(), ids.filter((other) => other !== id).sort());
    }
  });
});

/** As an agent would that is never heard of again. */
function register(url: string, id: string): Promise<Response> {
  const registration: Registration = {
    version: 1,
    weft: '0.0.0',
    labels: {},
    endpoints: [{ transport: 'udp', address: '127.4.3.1', port: 1 + Number(id.split('-')[1]), attributes: {} }],
  };
  return fetch(`${url}/v1/agents/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', [AGENT_KEY_HEADER]: id.padEnd(32, '.') },
    body: JSON.stringify(registration),
    signal: AbortSignal.timeout(WAIT_LIMIT_MS),
  });
}
