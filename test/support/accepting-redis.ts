/** A Redis that takes whatever it is told and keeps nothing. One a process: it lives as long, and does not keep it alive. */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { commandOf, RespReader } from './resp.js';

let started: Promise<string> | undefined;

/** Its URL. */
export function acceptingRedis(): Promise<string> {
  started ??= start();
  return started;
}

async function start(): Promise<string> {
  const server = createServer((socket) => {
    const reader = new RespReader();
    socket.unref();
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const message of reader.messages(bytes))
        socket.write(commandOf(message)[0] === 'HELLO' ? '%0\r\n' : ':1\r\n');
    });
  });
  server.unref();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
