/** Ports for the processes of a demo: those they always have, as far as nobody else has them. */

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

type IsFree = (address: string, port: number) => Promise<boolean>;

/** Others are looked for above weft's own, and below those that Linux gives to whoever asks for any, or connects. */
const [FIRST_OTHER, LAST_OTHER] = [21_000, 32_000];
const MAX_TRIES = 100;

/**
 * `wanted`, or another one if it is taken; when none is found, who listens there will say so. Not one that the system gives:
 * until its process listens, and whenever that is started again, a connection of one of the others might have it.
 */
export async function planPort(isFree: IsFree, address: string, wanted: number): Promise<number> {
  let port = wanted;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (await isFree(address, port)) return port;
    port = FIRST_OTHER + Math.floor(Math.random() * (LAST_OTHER - FIRST_OTHER));
  }
  return wanted;
}

export function isFreeUdpPort(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

export function isFreeTcpPort(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
