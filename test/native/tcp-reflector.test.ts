/** The TCP reflector over loopback, with the peers a listener meets: kind, slow, greedy, gone. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { constants } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { NativeError } from '../../core/errors.js';
import {
  createTcpReflector,
  type EngineHandle,
  type EngineStats,
  port,
  stats,
  type TcpReflectorOptions,
} from '../../native/index.js';
import { tcpReflectorOptions } from '../support/engine.js';
import { type Pump, startPump } from '../support/engine-pump.js';
import { freePort } from '../support/free-port.js';
import { waitFor } from '../support/wait-for.js';

const { EADDRINUSE, EADDRNOTAVAIL } = constants.errno;
const SOON = { timeout: 60_000 };
const LARGEST_PAYLOAD = 8972;
const ECHO_LIMIT = 65_536;

interface Reflector {
  readonly engine: EngineHandle;
  readonly port: number;
  readonly pump: Pump;
  /** Resolves as soon as `enough` holds for its counters. */
  until(enough: (counted: EngineStats) => boolean): Promise<void>;
}

function reflector(t: TestContext, changes: Partial<TcpReflectorOptions> = {}): Reflector {
  const engine = createTcpReflector(tcpReflectorOptions(changes));
  const pump = startPump(engine);
  t.after(() => pump.stop());
  return {
    engine,
    port: port(engine),
    pump,
    async until(enough) {
      await pump.until(() => enough(stats(engine)));
    },
  };
}

interface Peer {
  readonly socket: Socket;
  /** What it was sent so far. */
  received(): Buffer;
  /** Resolves when at least so many bytes are back. */
  echoed(bytes: number): Promise<void>;
  /** How the connection ended: 'end' by the other end's FIN, else the code of the error. */
  readonly ended: Promise<string>;
}

/** A connection to the reflector; it stays open when the other end has sent its FIN. */
async function peerOf(t: TestContext, to: number, host = '127.0.0.1'): Promise<Peer> {
  const socket = connect({ port: to, host, allowHalfOpen: true });
  t.after(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const ended = new Promise<string>((resolve) => {
    socket.on('end', () => resolve('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
  // The other end may reset it before this end has seen that it was there.
  await Promise.race([once(socket, 'connect'), ended]);
  const received = (): Buffer => Buffer.concat(chunks);
  return {
    socket,
    received,
    async echoed(bytes) {
      const isBack = () => received().length >= bytes;
      await waitFor(`${bytes} bytes`, isBack, { turn: () => once(socket, 'data'), seen: () => received().length });
    },
    ended,
  };
}

/** Bytes that differ from place to place, so that a wrong order shows. */
function bytesOf(count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, i) => (i * 7 + Math.floor(i / 251)) & 255));
}

/** Connections of the kernel that remember a port of ours, though nobody holds them. */
function timeWaits(local: number): number {
  const TIME_WAIT = '06';
  const suffix = `:${local.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, from, , state]) => {
      return from!.endsWith(suffix) && state === TIME_WAIT;
    }).length;
}

describe('the TCP reflector echoes', SOON, () => {
  for (const count of [1, LARGEST_PAYLOAD, ECHO_LIMIT]) {
    test(`${count} bytes`, async (t) => {
      const { port, engine, until } = reflector(t);
      const peer = await peerOf(t, port);
      await until(({ connections }) => connections === 1);
      peer.socket.write(bytesOf(count));
      await peer.echoed(count);
      assert.deepEqual(peer.received(), bytesOf(count));
      assert.equal(stats(engine).connections, 1, 'the peer decides when it is over');
    });
  }

  test('bytes in pieces, each at once', async (t) => {
    const { port } = reflector(t);
    const { socket, ...peer } = await peerOf(t, port);
    const bytes = bytesOf(300);
    for (let at = 0; at < bytes.length; at += 100) {
      socket.write(bytes.subarray(at, at + 100));
      await peer.echoed(at + 100);
    }
    assert.deepEqual(peer.received(), bytes);
  });

  test('over IPv6', async (t) => {
    const { port } = reflector(t, { address: '::1' });
    const peer = await peerOf(t, port, '::1');
    assert.equal((peer.socket.address() as AddressInfo).family, 'IPv6');
    peer.socket.write(bytesOf(100));
    await peer.echoed(100);
    assert.deepEqual(peer.received(), bytesOf(100));
  });

  test('the rest to a peer that has ended', async (t) => {
    const { port, until } = reflector(t);
    const peer = await peerOf(t, port);
    peer.socket.end(bytesOf(LARGEST_PAYLOAD));
    assert.equal(await peer.ended, 'end');
    assert.deepEqual(peer.received(), bytesOf(LARGEST_PAYLOAD));
    await until(({ connections }) => connections === 0);
  });

  test('to one peer while another sends and never reads', async (t) => {
    const { port, until } = reflector(t);
    const greedy = await peerOf(t, port);
    greedy.socket.pause();
    greedy.socket.write(bytesOf(ECHO_LIMIT));
    await until(({ echoed_bytes }) => echoed_bytes! > 0);
    const peer = await peerOf(t, port);
    for (let n = 1; n <= 20; n += 1) {
      peer.socket.write('x');
      await peer.echoed(n);
    }
    await until(({ connections }) => connections === 2);
  });
});

describe('the TCP reflector ends', SOON, () => {
  test('a connection on which too much comes', async (t) => {
    const { port, engine, until } = reflector(t);
    const peer = await peerOf(t, port);
    await until(({ connections }) => connections === 1);
    peer.socket.write(bytesOf(ECHO_LIMIT));
    // With an echo still unread, Node may take the reset that follows for an end.
    await peer.echoed(ECHO_LIMIT);
    peer.socket.write('x');
    assert.equal(await peer.ended, 'ECONNRESET');
    await until(({ connections }) => connections === 0);
    const { overlong, echoed_bytes } = stats(engine);
    assert.deepEqual([overlong, echoed_bytes], [1, ECHO_LIMIT]);
  });

  test('with a peer that ends or resets', async (t) => {
    const { port, engine, until } = reflector(t);
    for (const end of ['end', 'resetAndDestroy', 'destroy'] as const) {
      const peer = await peerOf(t, port);
      peer.socket.write('x');
      await peer.echoed(1);
      peer.socket[end]();
      await until(({ connections }) => connections === 0);
    }
    assert.equal(stats(engine).accepted, 3);
  });

  test('the oldest connections when there are too many', async (t) => {
    const { port, engine, until } = reflector(t, { maxConnections: 2 });
    const oldest = await peerOf(t, port);
    const second = await peerOf(t, port);
    await until(({ connections }) => connections === 2);
    // Age counts, not idleness.
    oldest.socket.write('x');
    await oldest.echoed(1);
    const third = await peerOf(t, port);
    assert.equal(await oldest.ended, 'ECONNRESET');
    for (const { socket, echoed } of [second, third]) {
      socket.write('x');
      await echoed(1);
    }
    await until(({ connections }) => connections === 2);
    assert.equal(stats(engine).evicted, 1);
  });

  test('at once what comes from elsewhere than its prefixes', async (t) => {
    const { port, engine } = reflector(t, { allowedPrefixes: ['10.0.0.0/8', '127.0.0.2/32'] });
    const stranger = await peerOf(t, port);
    assert.equal(await stranger.ended, 'ECONNRESET');
    const { refused_not_allowed, accepted } = stats(engine);
    assert.deepEqual([refused_not_allowed, accepted], [1, 0]);
  });

  test('at once what exceeds the rate limit', async (t) => {
    const { port, engine } = reflector(t, { rateLimit: 0.001 });
    const first = await peerOf(t, port);
    first.socket.write('x');
    await first.echoed(1);
    const second = await peerOf(t, port);
    assert.equal(await second.ended, 'ECONNRESET');
    const { refused_over_limit, accepted } = stats(engine);
    assert.deepEqual([refused_over_limit, accepted], [1, 1]);
  });

  test('all that are open when it is closed', async (t) => {
    const { port, pump } = reflector(t);
    const peers = await Promise.all(Array.from({ length: 10 }, () => peerOf(t, port)));
    for (const peer of peers) peer.socket.write('x');
    await Promise.all(peers.map((peer) => peer.echoed(1)));
    await pump.stop();
    assert.deepEqual(new Set(await Promise.all(peers.map(({ ended }) => ended))), new Set(['ECONNRESET']));
  });
});

describe('the TCP reflector leaves', SOON, () => {
  test('no connection behind, whoever ends it', async (t) => {
    // Not one that the system gives: what others left in TIME_WAIT would be taken for the reflector's.
    const { port, engine, until } = reflector(t, { port: await freePort() });
    const plain = 50;
    for (let n = 0; n < plain; n += 1) (await peerOf(t, port)).socket.resetAndDestroy();
    const silent = await peerOf(t, port);
    silent.socket.end();
    const half = await peerOf(t, port);
    half.socket.end(bytesOf(100));
    assert.equal(await half.ended, 'end');
    const greedy = await peerOf(t, port);
    greedy.socket.write(bytesOf(ECHO_LIMIT + 1));
    await greedy.ended;
    await until(({ accepted, connections }) => accepted === plain + 3 && connections === 0);
    assert.equal(timeWaits(port), 0);
    assert.equal(stats(engine).listen_drops, 0);
  });

  test('no descriptor behind', async (t) => {
    const cycle = async (): Promise<void> => {
      const { port, pump, until } = reflector(t);
      const peers = await Promise.all(Array.from({ length: 20 }, () => peerOf(t, port)));
      await until(({ accepted }) => accepted === peers.length);
      await pump.stop();
      for (const { socket, ended } of peers) {
        await ended;
        if (!socket.closed) await once(socket, 'close');
      }
    };
    await cycle();
    const before = readdirSync('/proc/self/fd').length;
    for (let n = 0; n < 5; n += 1) await cycle();
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });
});

describe('options of the TCP reflector', () => {
  test('a port in use and a foreign address are the system’s to refuse', (t) => {
    const { port } = reflector(t);
    for (const [changes, errno] of [
      [{ port }, EADDRINUSE],
      [{ address: '192.0.2.1' }, EADDRNOTAVAIL],
    ] as const) {
      assert.throws(
        () => createTcpReflector(tcpReflectorOptions(changes)),
        (error: unknown) => error instanceof NativeError && error.errno === errno && error.syscall === 'bind',
      );
    }
  });

  test('an IPv6 address takes no IPv4 connections', async (t) => {
    // Nobody has it on an IPv4 address either.
    const { port } = reflector(t, { address: '::', port: await freePort() });
    assert.equal(await (await peerOf(t, port)).ended, 'ECONNREFUSED');
    const peer = await peerOf(t, port, '::1');
    peer.socket.write('x');
    await peer.echoed(1);
  });

  test('a port is free again as soon as its reflector is closed', async (t) => {
    const first = reflector(t, { port: await freePort() });
    const peer = await peerOf(t, first.port);
    peer.socket.end('x');
    await peer.ended;
    await first.pump.stop();
    assert.equal(reflector(t, { port: first.port }).port, first.port);
  });

  for (const [what, changes] of [
    ['address: "host"', { address: 'host' }],
    ['allowedPrefixes: "10.0.0.0/33"', { allowedPrefixes: ['10.0.0.0/33'] }],
    ['maxConnections: 0', { maxConnections: 0 }],
  ] as const) {
    test(`${what} is refused by name`, () => {
      assert.throws(
        () => createTcpReflector(tcpReflectorOptions(changes)),
        (error: unknown) => error instanceof TypeError && error.message.startsWith(what),
      );
    });
  }
});
