/** Stands in front of an HTTP server and makes it ill in ways that a server of its own accord is only on bad days. */

import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `away`: hangs up. `half`: the server does what it is asked, and half of its answer is lost. Numbers: it answers with that status. */
export type Illness = 'away' | 'slow' | 'half' | 429 | 500 | 413;

const SLOW_MS = 500;
/** Of a body; what is larger is answered with 413. */
const MAX_BODY_BYTES = 16 * 1024;

export class FaultProxy {
  /** What is wrong with it from the next request on. */
  illness: Illness | undefined;
  readonly #server: Server;
  readonly #target: () => string;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(server: Server, target: () => string) {
    this.#server = server;
    this.#target = target;
    server.on('request', (incoming, response) => void this.#answer(incoming, response));
  }

  /** On a free port of loopback. `target`: URL of the server. */
  static async start(target: () => string): Promise<FaultProxy> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new FaultProxy(server, target);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    this.#agent.destroy();
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { illness } = this;
    try {
      const body = await bodyOf(incoming);
      if (illness === 'away') response.destroy();
      else if (illness === 429) response.writeHead(429, { 'retry-after': '1' }).end();
      else if (illness === 500 || (illness === 413 && body.length > MAX_BODY_BYTES)) response.writeHead(illness).end();
      else {
        if (illness === 'slow') await sleep(SLOW_MS);
        await this.#forward(incoming, body, response, illness === 'half');
      }
    } catch {
      // The server hung up, or the agent did.
      response.destroy();
    }
  }

  async #forward(incoming: IncomingMessage, body: Buffer, response: ServerResponse, halved: boolean): Promise<void> {
    const { method, headers, url = '/' } = incoming;
    const forwarded = request(new URL(url, this.#target()), { method, headers, agent: this.#agent });
    // Whoever asked has given up: nobody waits for the answer.
    response.once('close', () => forwarded.destroy());
    // Who waits for the answer is told; an error behind it is nobody's business.
    forwarded.on('error', () => {});
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const said = await bodyOf(answer);
    if (!halved) return void response.writeHead(answer.statusCode ?? 502, answer.headers).end(said);
    response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
