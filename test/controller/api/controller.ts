/** A real controller on a free port, and a client that holds every answer against the OpenAPI description. */

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TestContext } from 'node:test';
import { Ajv } from 'ajv';
import { type ControllerConfig, ControllerOptions } from '../../../controller/config.js';
import { Controller, type ControllerEnvironment } from '../../../controller/server.js';
import { decode } from '../../../core/config/decode.js';
import { asWritten } from '../../../core/config/schema-tree.js';
import type { Endpoint } from '../../../core/target.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLog } from '../../support/memory-log.js';

export const TOKENS = {
  agent: 'agent-token-0123456789',
  reader: 'reader-token-0123456789',
  admin: 'admin-token-0123456789',
};
export const KEY = 'key-of-the-agent-0123456789';

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly token?: string | undefined;
  readonly key?: string;
  /** Anything but text and bytes is sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the request comes from: 127.0.0.1 by default. */
  readonly from?: string;
  readonly tls?: object;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Of a JSON answer. */
  readonly json: Readonly<Record<string, unknown>>;
}

export class TestController {
  readonly controller: Controller;
  readonly clock = new FakeClock();
  readonly log = new MemoryLog();
  readonly url: string;

  constructor(controller: Controller, clock: FakeClock, log: MemoryLog) {
    this.controller = controller;
    this.clock = clock;
    this.log = log;
    this.url = controller.url ?? '';
  }

  async ask(asked: Asked): Promise<Answered> {
    const answer = await send(this.url, asked);
    assertDescribed(this.controller, asked, answer);
    return answer;
  }

  register(id: string, changes: Partial<Asked> & { labels?: object; endpoints?: readonly Endpoint[] } = {}) {
    const { labels, endpoints, ...asked } = changes;
    const body = registration({ ...(labels && { labels }), ...(endpoints && { endpoints }) });
    return this.ask({ method: 'PUT', path: `/v1/agents/${id}`, token: TOKENS.agent, key: KEY, body, ...asked });
  }
}

export const udp = (address: string, port = 862): Endpoint => ({ transport: 'udp', address, port, attributes: {} });

export const registration = (changes: object = {}): object => ({
  version: 1,
  weft: '0.1.0',
  labels: {},
  endpoints: [udp('10.0.0.1')],
  ...changes,
});

export function settings(changes: object = {}): ControllerConfig {
  const written = {
    listen: '127.0.0.1:0',
    tokens: { agent: [TOKENS.agent], reader: [TOKENS.reader], admin: [TOKENS.admin] },
    policies: [{ mode: 'mesh' }],
    ...changes,
  };
  return decode(asWritten(ControllerOptions), written, branchOf) as ControllerConfig;
}

/** Unions of the options are told apart by a constant. */
function branchOf(branch: { readonly properties?: Readonly<Record<string, { const?: unknown }>> }, value: unknown) {
  const constants = Object.entries(branch.properties ?? {}).filter(([, { const: constant }]) => constant !== undefined);
  return (
    constants.length > 0 && constants.every(([key, item]) => (value as Record<string, unknown>)[key] === item.const)
  );
}

export async function make(config: ControllerConfig, limits?: ControllerEnvironment['limits']) {
  const [clock, log] = [new FakeClock(), new MemoryLog()];
  const env = { clock, log, version: '0.1.0', ...(limits && { limits }) };
  return { controller: await Controller.create(config, env), clock, log };
}

export async function started(
  t: Pick<TestContext, 'after'>,
  changes: object = {},
  limits?: ControllerEnvironment['limits'],
): Promise<TestController> {
  const { controller, clock, log } = await make(settings(changes), limits);
  t.after(async () => {
    const stopped = controller.stop();
    // Its patience with connections that are still open.
    await clock.advance(1000);
    await stopped;
  });
  await controller.start(new AbortController().signal);
  return new TestController(controller, clock, log);
}

/** One request on a connection of its own; nothing about the path is corrected. */
export function send(
  url: string,
  { method = 'GET', path, token, key, body, headers, from, tls }: Asked,
): Promise<Answered> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  const sent = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(key !== undefined && { 'weft-agent-key': key }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const options = { agent: false as const, method, path, headers: sent, ...(from && { localAddress: from }), ...tls };
    const asked = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = String(response.headers['content-type']).startsWith('application/json');
        const json = isJson && text !== '' ? JSON.parse(text) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    asked.on('error', reject);
    asked.end(body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  });
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { content?: Record<string, { schema: object }>; headers?: Record<string, object> }>
  >;
}
export interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const ajv = new Ajv({ strict: false, validateFormats: false });

/** Status, headers and body are those that the description promises for the operation; unknown paths give Problems. */
export function assertDescribed(controller: Controller, { method = 'GET', path }: Asked, answer: Answered): void {
  const description = controller.describe() as Description;
  const [bare = ''] = path.split('?');
  const template = Object.keys(description.paths).find((known) =>
    new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`).test(bare),
  );
  const operation = description.paths[template ?? '']?.[method.toLowerCase()];
  const found = operation?.responses[String(answer.status)];
  const where = `${method} ${path} → ${answer.status} ${answer.text.slice(0, 200)}`;
  if (operation) assert.ok(found, `${where} is not described`);
  for (const header of Object.keys(found?.headers ?? {})) {
    assert.ok(answer.headers[header.toLowerCase()] !== undefined, `${where}: no header ${header}`);
  }
  const [[type, { schema }] = ['', { schema: undefined }]] = Object.entries(found?.content ?? {});
  if (type !== '') assert.ok(String(answer.headers['content-type']).startsWith(type), `${where}: not ${type}`);
  else if (found !== undefined) assert.equal(answer.text, '', where);
  if (answer.status >= 400) assertFits(description.components.schemas.Problem ?? {}, answer.json, where);
  else if (schema !== undefined && type === 'application/json') assertFits(schema, answer.json, where);
}

function assertFits(schema: object, value: unknown, where: string): void {
  const validate = ajv.compile(schema);
  assert.ok(validate(value), `${where}: ${JSON.stringify(validate.errors)}`);
}
