/** Ports for servers that have to know theirs beforehand, or that come back on the one they had. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** weft's own default ports are below. */
const FIRST = 21_000;

/**
 * A TCP port that nobody on this machine has now. The system does not give it to anybody who asks for any port, or connects:
 * beside other tests, one that it gave would be somebody else's before the server that it is for has it.
 */
export async function freePort(): Promise<number> {
  const end = firstGiven();
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (end - FIRST));
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
