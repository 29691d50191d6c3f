/** A connection without a client that minds its manners, for what a server must bear. It ends with the test. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface RawConnection {
  readonly socket: Socket;
  /** What has come so far, a character for each byte. */
  readonly received: () => string;
}

/** Resolves when it stands. */
export async function openRaw(t: TestContext, url: string, localAddress: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  t.after(() => socket.destroy());
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  // Writing to a connection that the other end has given up is what it is there for.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return { socket, received: () => text };
}
