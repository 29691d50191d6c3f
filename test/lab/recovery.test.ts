/**
 * What happens to a host that answers RDMA probes, and that it heals by itself: of the windows that begin after it can
 * answer again, the second one has answers at the latest. Both ends tell of it.
 */

import assert from 'node:assert/strict';
import { before, describe, it, type TestContext } from 'node:test';
import { total } from '../support/probe-rows.js';
import { LabAgent, type LabAgentPlan, type LogLine, toHost } from './agent.js';
import { SharedLab } from './lab.js';
import { labUnavailable } from './unavailable.js';
import { addRdma, removeRdma, setAddress, setLink } from './wire.js';

const POLICY = { mode: 'mesh', transport: 'rdma-ud', interval: '100ms', timeout: '1s' };
const WINDOW_MS = 3000;
/** Of heartbeats and lists: a guest takes many seconds to start again, and early fetches come ever less often, up to it. */
const PERIOD = '2s';
/** In place of its own. */
const OTHER_ADDRESS = '10.0.0.77';

describe('a host that is probed over RDMA', { skip: labUnavailable() ?? false }, () => {
  const lab = new SharedLab({ hosts: 2 });
  let plan: LabAgentPlan;
  let prober: LabAgent;
  let host: LabAgent;

  before(async () => {
    const [first, second] = lab.guests;
    plan = { controllerOn: first, windowMs: WINDOW_MS };
    const controller = { heartbeat: PERIOD, refresh: PERIOD, policies: [POLICY] };
    [prober, host] = await Promise.all([LabAgent.start(first, { ...plan, controller }), LabAgent.start(second, plan)]);
    await Promise.all([prober.measures(second.name), host.measures(first.name)]);
  });

  /** To be called as soon as it can answer. */
  async function heals(t: TestContext): Promise<void> {
    const { rows, isLater } = await prober.rowsOfWindow(2, host.guest.name);
    t.diagnostic(`answers in the second window: ${total(rows, 'success')} of ${total(rows, 'sent')}`);
    assert.ok(!isLater, 'a row of the second window');
    assert.ok(total(rows, 'success') > 0, 'answers in it');
  }

  /** What is said and told from now on. */
  function listen(agent: LabAgent) {
    const [lines, rows] = [agent.log.length, agent.ownRows.length];
    return {
      says: (what: string, matches: (line: LogLine) => boolean): Promise<LogLine> => agent.logged(what, matches, lines),
      /** Its engine is in this state, as its own metrics have it. */
      isIn: async (state: 'active' | 'down' | 'gone'): Promise<void> => {
        const active = state === 'active' ? 1 : 0;
        await agent.told(
          `it is ${state}`,
          ({ name, fields }) => name === 'weft_engine' && fields.state === state && fields.active === active,
          rows,
        );
      },
      count: (field: string): number =>
        agent.ownRows.slice(rows).reduce((sum, { fields }) => sum + Number(fields[field] ?? 0), 0),
    };
  }

  const replaced = ({ level, msg }: LogLine): boolean =>
    level === 'info' && msg.startsWith('queue pairs were replaced');

  it('loses its device and gets it back', async (t) => {
    const own = listen(host);
    await removeRdma(host.guest);
    await own.isIn('gone');
    await own.says(
      'its device is gone',
      ({ level, state, msg }) => level === 'warn' && state === 'gone' && msg.startsWith('its device was removed'),
    );
    await addRdma(host.guest);
    const back = listen(host);
    await heals(t);
    await back.isIn('active');
    const opened = await own.says(
      'its device is back',
      ({ level, msg }) => level === 'info' && msg.startsWith('open again'),
    );
    assert.match(opened.msg, new RegExp(`queue pair ${opened.qpn} of ::ffff:${host.guest.address}$`));
    assert.equal(own.count('sessions'), 1);
  });

  it('loses its link and gets it back', async (t) => {
    const own = listen(host);
    await setLink(host.guest, 'down');
    await own.isIn('down');
    await own.says('its port is down', ({ level, state }) => level === 'warn' && state === 'down');
    await setLink(host.guest, 'up');
    const back = listen(host);
    await heals(t);
    await back.isIn('active');
    await own.says('its port is active', ({ level, state }) => level === 'info' && state === 'active');
  });

  it('gets another address', async (t) => {
    const own = listen(host);
    await setAddress(host.guest, OTHER_ADDRESS);
    await heals(t);
    await own.says('its GID has changed', ({ msg }) => msg.startsWith('its GID, LID or partition key has changed'));
    await own.says('its new GID', ({ level, gid }) => level === 'info' && gid === `::ffff:${OTHER_ADDRESS}`);
    assert.ok(own.count('sessions') > 0);
  });

  // The last: what a test has started ends with it.
  it('is killed and started again', async (t) => {
    const [old, other, sinceMs] = [await host.qpn(), listen(prober), await prober.now()];
    host.process.kill('SIGKILL');
    await host.process.exit;
    host = await LabAgent.start(host.guest, plan);
    assert.notEqual(await host.qpn(), old);
    // An emulated guest takes seconds from its first module to here; the order of it is tested in rdma-restart.test.ts.
    await host.logged('it is registered', ({ msg }) => msg === 'registered with the controller');
    await heals(t);
    await other.says('its queue pair was replaced', replaced);
    const rows = toHost(prober.rows, host.guest.name).filter(({ time }) => Date.parse(time) > sinceMs);
    const [stale, timeouts] = [total(rows, 'stale'), total(rows, 'timeout')];
    t.diagnostic(`${stale} probes stale; ${timeouts} timeouts, in windows that were closed before it was back`);
    assert.ok(stale > 0, 'what was sent to the old queue pair, in windows still open');
    await host.told('it has opened its port', ({ fields }) => fields.sessions === 1);
  });
});
