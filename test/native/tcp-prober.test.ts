/** The TCP prober against servers of every manner on loopback. Lost and refused packets: test/integration. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { constants } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createTcpProber, type EngineTarget, setTargets, stats, type TcpProberOptions } from '../../native/index.js';
import { engineTarget } from '../support/engine.js';
import { type ProbeRecord, type Pump, startPump } from '../support/engine-pump.js';
import { freePort } from '../support/free-port.js';
import { startFullListener } from '../support/full-listener.js';

const { EADDRNOTAVAIL, EINVAL, EMFILE } = constants.errno;
const PAYLOAD = 1200;
/** State of a socket in /proc/net/tcp. */
const TIME_WAIT = '06';

function probing(t: TestContext, targets: readonly EngineTarget[], options: Partial<TcpProberOptions> = {}) {
  const prober = createTcpProber({ sourceAddress4: '', sourceAddress6: '', maxConnections: 1000, ...options });
  setTargets(prober, targets);
  const pump: Pump = startPump(prober);
  t.after(() => pump.stop());
  return { prober, pump };
}

/** Probed every 10 ms with nothing but a handshake. */
function target(port: number, changes: Partial<EngineTarget> = {}): EngineTarget {
  return engineTarget(port, { payloadBytes: 0, ttl: 64, ...changes });
}

/** Not on a port that the system gives: what others left in TIME_WAIT would be taken for the prober's. */
async function listening(t: TestContext, server: Server, host = '127.0.0.1'): Promise<number> {
  const port = await freePort();
  server.listen(port, host);
  await once(server, 'listening');
  t.after(() => server.close());
  return port;
}

/** What a peer does with a connection. */
type Manner = (socket: Socket) => void;
const accepts: Manner = () => {};
const echoes: Manner = (socket) => socket.pipe(socket);
const neverReads: Manner = (socket) => socket.pause();
const sendsGarbage: Manner = (socket) => socket.write('not what you sent '.repeat(100));
const resets: Manner = (socket) => socket.resetAndDestroy();

async function serve(t: TestContext, manner: Manner, host?: string): Promise<number> {
  const open = new Set<Socket>();
  t.after(() => {
    for (const socket of open) socket.destroy();
  });
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    manner(socket);
  });
  return listening(t, server, host);
}

const atLeast =
  (n: number, id = 1) =>
  (records: readonly ProbeRecord[]) =>
    records.filter(({ targetId }) => targetId === id).length >= n;

/** Connections of `port` in TIME_WAIT, whoever has them. */
function timeWaits(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote, state]) => state === TIME_WAIT && (local?.endsWith(hex) || remote?.endsWith(hex)))
    .length;
}

describe('TCP prober', () => {
  test('takes the round trip from the kernel', async (t) => {
    const port = await serve(t, accepts);
    const { prober, pump } = probing(t, [target(port, { id: 4_000_000_000 })]);
    const records = await pump.until(atLeast(20, 4_000_000_000));
    records.forEach((record, i) => {
      assert.deepEqual(
        [record.result, record.clock, record.path, record.errno, record.exchange, record.refused],
        ['success', 'kernel', 0, 0, 'none', false],
      );
      assert.ok(record.networkRttNs > 0 && record.networkRttNs <= record.programRttNs);
      assert.equal(record.networkRttNs + record.proberDelayNs, record.programRttNs);
      assert.ok(Number.isNaN(record.exchangeNs) && record.synRetransmits === 0);
      if (i > 0) assert.equal(record.sequence, (records[i - 1]!.sequence + 1) >>> 0);
    });
    const ports = new Set(records.map(({ sourcePort }) => sourcePort));
    assert.equal(ports.size, records.length, 'a new source port each time');
    assert.ok(stats(prober).sent! >= 20 && stats(prober).success! >= 20);
    assert.equal(timeWaits(port), 0);
  });

  test('probes over IPv6', async (t) => {
    const port = await serve(t, accepts, '::1');
    const [record] = await probing(t, [target(port, { address: '::1', dscp: 46, ttl: 3 })]).pump.until(atLeast(3));
    assert.equal(record!.result, 'success');
  });

  test('probes from the address it is told to, with any port of it', async (t) => {
    const seen: (string | undefined)[] = [];
    const port = await serve(t, (socket) => seen.push(socket.remoteAddress));
    const target4 = target(port, { payloadBytes: 1, timeoutUs: 50_000 });
    const { pump } = probing(t, [target4], { sourceAddress4: '127.9.8.7' });
    await pump.until(atLeast(5));
    assert.deepEqual([...new Set(seen)], ['127.9.8.7']);
  });

  test('keeps one source port for each path, the same for all targets', async (t) => {
    const ports = await Promise.all([serve(t, accepts), serve(t, accepts)]);
    const targets = ports.map((port, i) => target(port, { id: i + 1, paths: 4 }));
    const records = await probing(t, targets).pump.until((all) => atLeast(12, 1)(all) && atLeast(12, 2)(all));
    const ofPath = [0, 1, 2, 3].map((path) => [
      ...new Set(records.filter((record) => record.path === path).map((record) => record.sourcePort)),
    ]);
    for (const own of ofPath) assert.equal(own.length, 1, 'one port');
    assert.equal(new Set(ofPath.flat()).size, 4, 'for each path its own');
    for (const { result } of records) assert.equal(result, 'success');
  });

  test('calls a refused connection a success of the network, without its round trip', async (t) => {
    for (const record of await probing(t, [target(await freePort())]).pump.until(atLeast(5))) {
      assert.deepEqual([record.result, record.refused, record.networkRttNs], ['success', true, Number.NaN]);
      assert.ok(record.programRttNs > 0);
    }
  });

  test('counts the SYNs of a probe nobody answers, and those a slow host lost', async (t) => {
    const silent = await startFullListener();
    t.after(() => silent.close());
    const { pump } = probing(t, [
      target(silent.port, { id: 1, intervalUs: 1_000_000, timeoutUs: 1_500_000 }),
      target(silent.port, { id: 2, intervalUs: 1_000_000, timeoutUs: 30_000_000 }),
    ]);
    const records = await pump.until(atLeast(1, 1));
    assert.deepEqual(
      records.map(({ targetId, result, errno, synRetransmits, programRttNs }) => [
        targetId,
        result,
        errno,
        synRetransmits,
        programRttNs,
      ]),
      [[1, 'timeout', 0, 1, Number.NaN]],
    );
    assert.ok(records[0]!.sourcePort > 0, 'the path of a lost probe is known');
    silent.open();
    const slow = (record: ProbeRecord): boolean => record.targetId === 2 && record.synRetransmits > 0;
    const late = (await pump.until((all) => all.some(slow))).find(slow)!;
    assert.deepEqual([late.result, late.networkRttNs], ['success', Number.NaN]);
    assert.ok(late.programRttNs > 1e9, 'the program waited for the second SYN');
  });

  test('tells four peers apart, and none holds up the others', async (t) => {
    const silent = await startFullListener();
    t.after(() => silent.close());
    const ports = await Promise.all([echoes, neverReads, sendsGarbage, resets].map((manner) => serve(t, manner)));
    const timeoutUs = 1_000_000;
    const targets = [...ports, silent.port].map((port, i) =>
      target(port, { id: i + 1, payloadBytes: PAYLOAD, timeoutUs }),
    );
    const { prober, pump } = probing(t, targets);
    const records = await pump.until((all) => targets.every(({ id }) => atLeast(5, id)(all)));
    const outcome = (id: number) => [
      ...new Set(
        records.filter(({ targetId }) => targetId === id).map(({ result, exchange }) => `${result} ${exchange}`),
      ),
    ];
    assert.deepEqual([1, 2, 3, 4, 5].map(outcome), [
      ['success success'],
      ['success timeout'],
      ['success invalid'],
      ['success reset'],
      ['timeout none'],
    ]);
    for (const { exchange, exchangeNs } of records) assert.equal(exchangeNs > 0, exchange === 'success');
    // Who waits for a peer until its timeout skips a hundred turns of each of the others for one that it takes. What a busy
    // machine costs, here or there a third of them, is far from that.
    const { skipped = 0, sent = 0 } = stats(prober);
    assert.ok(skipped < sent, `${skipped} skipped, ${sent} sent`);
  });

  test('asks by HTTP', async (t) => {
    const asked: string[] = [];
    const answer: RequestListener = (request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.host}`);
      response.statusCode = request.url === '/up' ? 204 : 503;
      response.end();
    };
    const port = await listening(t, createHttpServer(answer));
    const http = (path: string) => ({ request: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`), status: 204 });
    const targets = [target(port, { id: 1, http: http('/up') }), target(port, { id: 2, http: http('/down') })];
    const records = await probing(t, targets).pump.until((all) => atLeast(3, 1)(all) && atLeast(3, 2)(all));
    for (const { targetId, result, exchange, httpStatus, exchangeNs } of records) {
      const [wanted, status] = targetId === 1 ? ['success', 204] : ['invalid', 503];
      assert.deepEqual([result, exchange, httpStatus], ['success', wanted, status]);
      assert.equal(exchangeNs > 0, targetId === 1);
    }
    assert.deepEqual([...new Set(asked)].sort(), ['GET /down x', 'GET /up x']);
  });

  test('says why a probe could not be sent', async (t) => {
    const port = await serve(t, accepts);
    const { pump } = probing(t, [target(port, { address: 'host-b' })]);
    const [nowhere] = await pump.until(atLeast(1));
    assert.deepEqual([nowhere!.result, nowhere!.errno], ['send_error', EINVAL]);
    const foreign = probing(t, [target(port)], { sourceAddress4: '192.0.2.1' });
    const [record] = await foreign.pump.until(atLeast(1));
    assert.deepEqual([record!.result, record!.errno], ['send_error', EADDRNOTAVAIL]);
  });

  test('holds no more connections than it may, and counts what it sheds', async (t) => {
    const silent = await startFullListener();
    t.after(() => silent.close());
    const { prober, pump } = probing(t, [target(silent.port)], { maxConnections: 3 });
    for (const { result, errno } of await pump.until(atLeast(10))) {
      assert.deepEqual([result, errno], ['send_error', EMFILE]);
    }
    assert.ok(stats(prober).shed! >= 10);
    assert.deepEqual([stats(prober).sent, stats(prober).max_connections], [3, 3]);
  });

  test('ends the probe of a path when its turn comes again', async (t) => {
    const silent = await startFullListener();
    t.after(() => silent.close());
    const { pump } = probing(t, [target(silent.port, { paths: 4, timeoutUs: 60_000_000 })]);
    const records = await pump.until(atLeast(12));
    assert.deepEqual(
      records.map(({ result, path }) => [result, path]),
      records.map((_, i) => ['timeout', i % 4]),
    );
  });

  test('says so when two targets claim one path to one port', async (t) => {
    const silent = await startFullListener();
    t.after(() => silent.close());
    const both = [1, 2].map((id) => target(silent.port, { id, paths: 2, timeoutUs: 60_000_000 }));
    const records = await probing(t, both).pump.until((all) => all.some(({ result }) => result === 'send_error'));
    assert.equal(records.find(({ result }) => result === 'send_error')!.errno, EADDRNOTAVAIL);
  });

  test('leaves no descriptor behind', { timeout: 20_000 }, async (t) => {
    const silent = await startFullListener();
    const port = await serve(t, neverReads);
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const prober = createTcpProber({ sourceAddress4: '', sourceAddress6: '', maxConnections: 1000 });
    setTargets(prober, [
      target(silent.port, { id: 1, paths: 8 }),
      target(port, { id: 2, payloadBytes: PAYLOAD }),
      target(port, { id: 3, paths: 8 }),
    ]);
    const pump = startPump(prober);
    await pump.until(atLeast(20, 3));
    assert.ok(descriptors() > before, 'connections and ports of paths are open');
    await pump.stop();
    await silent.close();
    // Node closes the other ends in turns of its own.
    while (descriptors() > before) await nextTurn();
  });
});
