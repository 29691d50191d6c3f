/**
 * A controller as agents know it by the wire contract, over a real HTTP(S) server: it takes valid registrations, knows
 * agents by their key, and hands out one list with an ETag. A test may take over any answer, to be hostile.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { AGENT_KEY_HEADER, type Registration, RegistrationForm } from '../../core/control/registration.js';
import type { Problem } from '../../core/http/problem.js';
import { formReader } from '../../core/pinglist/form-reader.js';
import { IssueCollector } from '../../core/pinglist/issues.js';
import { freePort } from './free-port.js';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export type Takeover = (request: IncomingMessage, response: ServerResponse) => void;

const readRegistration = formReader(RegistrationForm);
const PATH = /^\/v1\/agents\/([^/]+)(\/pinglist)?$/;

export class ControllerDouble {
  readonly requests: SeenRequest[] = [];
  readonly registrations: Registration[] = [];
  /** Told to agents. */
  heartbeatMs = 60_000;
  refreshMs = 60_000;
  /** Demanded of agents when set. */
  token: string | undefined;
  /** What is handed out; its text is its ETag. */
  list = '{ "version": 1, "targets": [] }';
  /** In place of the answers to registrations, and to fetches. */
  onRegister: Takeover | undefined;
  onFetch: Takeover | undefined;
  readonly #server: Server;
  readonly #keys = new Map<string, string>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async listen(t: Pick<TestContext, 'after'>, tls?: ServerOptions): Promise<ControllerDouble> {
    const double = new ControllerDouble(tls === undefined ? createServer() : createTlsServer(tls));
    await double.resume(await freePort());
    t.after(() => double.pause());
    return double;
  }

  get url(): string {
    const scheme = 'setSecureContext' in this.#server ? 'https' : 'http';
    return `${scheme}://127.0.0.1:${this.#port}`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  count(method: 'PUT' | 'GET'): number {
    return this.requests.filter((request) => request.method === method).length;
  }

  /** The registry is lost, as with a restart of a controller without a store. */
  forgetAgents(): void {
    this.#keys.clear();
  }

  /** Nobody listens any more; returns the port to come back on. */
  async pause(): Promise<number> {
    if (!this.#server.listening) return 0;
    const port = this.#port;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    return port;
  }

  async resume(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    this.requests.push({ method, path: url, headers });
    const takeover = method === 'PUT' ? this.onRegister : this.onFetch;
    if (takeover !== undefined) return takeover(request, response);
    const [, id = '', isList] = PATH.exec(url) ?? [];
    if (this.token !== undefined && headers.authorization !== `Bearer ${this.token}`) {
      return refuse(response, 401, { error: 'unauthorized', message: 'no such token' });
    }
    const key = headers[AGENT_KEY_HEADER];
    assert.match(String(key), /^[0-9a-f]{64}$/);
    const known = this.#keys.get(id);
    if (known !== undefined && known !== key) {
      return refuse(response, 403, { error: 'not_yours', message: `${id} is another's` });
    }
    if (method === 'PUT') return this.#register(id, String(key), request, response);
    assert.equal(method, 'GET');
    assert.ok(isList);
    if (known === undefined) return refuse(response, 404, { error: 'not_registered', message: `unknown agent ${id}` });
    this.#handOut(request, response);
  }

  async #register(id: string, key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const issues = new IssueCollector({ file: 'registration' });
    const registration = readRegistration(JSON.parse(Buffer.concat(chunks).toString()), [], issues);
    if (registration === undefined || request.headers['content-type'] !== 'application/json') {
      return refuse(response, 400, { error: 'invalid_registration', message: `${issues.total} mistakes` });
    }
    this.#keys.set(id, key);
    this.registrations.push(registration);
    sendJson(response, JSON.stringify({ version: 1, heartbeat_ms: this.heartbeatMs, refresh_ms: this.refreshMs }));
  }

  #handOut(request: IncomingMessage, response: ServerResponse): void {
    const etag = `"${Buffer.from(this.list).toString('base64url').slice(0, 200)}"`;
    response.setHeader('etag', etag);
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else sendJson(response, this.list);
  }
}

export function sendJson(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(text);
}

function refuse(response: ServerResponse, status: number, problem: Problem): void {
  sendJson(response, JSON.stringify(problem), status);
}
