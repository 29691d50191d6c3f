/** Stands in front of a server that does not speak HTTP: hangs up, is slow, or loses half of an answer. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Illness } from './fault-proxy.js';

const SLOW_MS = 500;

export class TcpFaultProxy {
  /** What is wrong with it from the next piece on that goes either way: `away`, `slow` or `half`. */
  illness: Illness | undefined;
  readonly #server: Server;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
    server.on('connection', (client) => this.#join(client));
  }

  /** On a free port of loopback; `path`: the Unix socket of the server. */
  static async start(path: string): Promise<TcpFaultProxy> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new TcpFaultProxy(server, path);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(client: Socket): void {
    const upstream = connect(this.#path);
    const pair = [client, upstream];
    for (const socket of pair) {
      this.#sockets.add(socket);
      // Who hangs up hangs up for both.
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        for (const each of pair) each.destroy();
      });
    }
    void this.#carry(client, upstream, false);
    void this.#carry(upstream, client, true);
  }

  /** In order, and no faster than the other end takes it. */
  async #carry(from: Socket, to: Socket, isAnswer: boolean): Promise<void> {
    try {
      for await (const piece of from as AsyncIterable<Buffer>) {
        if (this.illness === 'away') break;
        if (this.illness === 'slow') await sleep(SLOW_MS);
        if (this.illness === 'half' && isAnswer) {
          to.write(piece.subarray(0, piece.length >> 1), () => to.destroy());
          return;
        }
        if (!to.write(piece)) await once(to, 'drain');
      }
    } catch {
      // One of both hung up.
    }
    to.destroy();
  }
}
