/** Ports for servers that have to know theirs beforehand, that come back on the one they had, or that nobody is to have. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** weft's own default ports are below. */
const FIRST = 21_000;
/** Or are not free: who asks for several before anybody listens gets different ones. */
const given = new Set<number>();

/**
 * A TCP port that nobody on this machine has now. The system does not give it to anybody who asks for any port, or connects:
 * beside other tests, one that it gave would be somebody else's before the server that it is for has it, or has it again.
 */
export function freePort(): Promise<number> {
  return anyFree(isFree);
}

/** The same for UDP. */
export function freeUdpPort(): Promise<number> {
  return anyFree(isFreeForUdp);
}

async function anyFree(isFree: (port: number) => Promise<boolean>): Promise<number> {
  const end = firstGiven();
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (end - FIRST));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

/** The first of the ports that the system gives. */
function firstGiven(): number {
  const [first] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
  if (first === undefined || first < FIRST + 1000)
    throw new Error(`ip_local_port_range leaves no ports from ${FIRST} on`);
  return first;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(port);
  try {
    await listening;
  } catch {
    return false;
  }
  const closed = once(server, 'close');
  server.close();
  await closed;
  return true;
}

async function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  const listening = once(socket, 'listening');
  socket.bind({ port, exclusive: true });
  const isOurs = await listening.then(
    () => true,
    () => false,
  );
  const closed = once(socket, 'close');
  socket.close();
  await closed;
  return isOurs;
}
