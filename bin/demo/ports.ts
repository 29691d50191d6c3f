/** Ports for the processes of a demo: those they always have, as far as nobody else has them. */

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

type FreePort = (address: string, port: number) => Promise<number | undefined>;

/** `wanted`, or any other if it is taken; when none is free, who listens there will say so. */
export async function planPort(free: FreePort, address: string, wanted: number): Promise<number> {
  return (await free(address, wanted)) ?? (await free(address, 0)) ?? wanted;
}

/** The port that was bound (port 0: any), or undefined when it is taken. */
export function freeUdpPort(address: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(undefined)));
    socket.bind({ address, port, exclusive: true }, () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}

export function freeTcpPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
