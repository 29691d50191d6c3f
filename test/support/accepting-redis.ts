/** A Redis that takes whatever it is told and keeps nothing. One a process: it lives as long, and does not keep it alive. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { LATEST } from '../../plugins/outputs/redis/lua.js';
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
      for (const message of reader.messages(bytes)) socket.write(answerTo(commandOf(message)));
    });
  });
  server.unref();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Of the scripts one answers for each of its keys. */
const LATEST_SHA = createHash('sha1').update(LATEST).digest('hex');

function answerTo([name, sha, keys]: readonly string[]): string {
  if (name === 'HELLO') return '%0\r\n';
  return name === 'EVALSHA' && sha === LATEST_SHA ? `*${keys}\r\n${':1\r\n'.repeat(Number(keys))}` : ':1\r\n';
}
