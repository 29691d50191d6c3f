/** An agent as the controller sees it: it registers and fetches over HTTP as `inputs/controller` does, and probes nothing. */

import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { parseDuration } from '../core/config/durations.js';
import { AGENT_KEY_HEADER, type Registration } from '../core/control/registration.js';
import type { Member } from '../core/pinglist/generate/member.js';

const REQUEST_TIMEOUT_MS = 10_000;

export interface Controller {
  readonly url: string;
  readonly token: string;
}

/** The part of a pinglist that the bench looks at. */
export interface FetchedList {
  readonly destinations: readonly string[];
  readonly intervalsMs: readonly number[];
}

export interface Fetched {
  /** Undefined: not modified. */
  readonly list: FetchedList | undefined;
  /** From the request to the last byte of the answer. */
  readonly ms: number;
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: string;
}

/** One for all: each agent has its own source address, and so a connection of its own, which is kept. */
const connections = new Agent({ keepAlive: true, maxSockets: 1 });

export function closeConnections(): void {
  connections.destroy();
}

export class SimulatedAgent {
  readonly #member: Member;
  readonly #controller: Controller;
  readonly #sourceAddress: string;
  readonly #key = randomBytes(24).toString('base64url');
  #etag: string | undefined;

  /** `sourceAddress` is in 127.0.0.0/8: the controller limits requests and connections by address. */
  constructor(member: Member, controller: Controller, sourceAddress: string) {
    this.#member = member;
    this.#controller = controller;
    this.#sourceAddress = sourceAddress;
  }

  get id(): string {
    return this.#member.id;
  }

  /** Registers, or says that it is still there. Rejects unless the controller acknowledges. */
  async register(): Promise<void> {
    const { labels, endpoints } = this.#member;
    const registration: Registration = { version: 1, weft: 'bench', labels, endpoints: [...endpoints] };
    const { status, body } = await this.#exchange('PUT', '', JSON.stringify(registration));
    if (status !== 200) throw new Error(`registration of ${this.id}: ${status} ${body}`);
  }

  /** Asks for its list, saying which one it has. */
  async fetch(): Promise<Fetched> {
    const start = performance.now();
    const { status, etag, body } = await this.#exchange('GET', '/pinglist');
    const ms = performance.now() - start;
    if (status === 304) return { list: undefined, ms };
    if (status !== 200) throw new Error(`list of ${this.id}: ${status} ${body}`);
    this.#etag = etag;
    return { list: readList(body), ms };
  }

  #exchange(method: 'GET' | 'PUT', resource: string, body?: string): Promise<Answer> {
    const { url, token } = this.#controller;
    const headers: OutgoingHttpHeaders = { authorization: `Bearer ${token}`, [AGENT_KEY_HEADER]: this.#key };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method === 'GET' && this.#etag !== undefined) headers['if-none-match'] = this.#etag;
    const options = {
      method,
      headers,
      agent: connections,
      localAddress: this.#sourceAddress,
      timeout: REQUEST_TIMEOUT_MS,
    };
    return new Promise((resolve, reject) => {
      const request = httpRequest(`${url}/v1/agents/${this.id}${resource}`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const { statusCode: status = 0, headers: answered } = response;
          resolve({ status, etag: answered.etag, body: Buffer.concat(chunks).toString() });
        });
      });
      request.once('timeout', () => request.destroy(new Error(`${method} of ${this.id}: no answer`)));
      request.once('error', reject);
      request.end(body);
    });
  }
}

function readList(text: string): FetchedList {
  const { targets }: { targets: readonly { readonly dst: string; readonly interval: string }[] } = JSON.parse(text);
  return {
    destinations: targets.map(({ dst }) => dst),
    intervalsMs: targets.map(({ interval }) => parseDuration(interval)),
  };
}
