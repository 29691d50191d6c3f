/** A real grid on a free port, and a client that holds every answer against docs/openapi-grid.json. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import type { TestContext } from 'node:test';
import { Ajv } from 'ajv';
import { decode } from '../../../../core/config/decode.js';
import { asWritten } from '../../../../core/config/schema-tree.js';
import type { Metric } from '../../../../core/metric.js';
import { MeshGridOptions, type ServeConfig } from '../../../../plugins/outputs/mesh-grid/config.js';
import { GridServer } from '../../../../plugins/outputs/mesh-grid/grid-server.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { fetchUrl } from '../../../support/http-client.js';
import { MemoryLog } from '../../../support/memory-log.js';
import { END_MS, WINDOW_MS } from '../../common/grid/store/probes.js';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire; the description has judged it.
  readonly json: any;
}

export interface Served {
  readonly grid: GridServer;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  write(...metrics: readonly Metric[]): Promise<void>;
  ask(path: string, options?: RequestOptions): Promise<Answered>;
}

export function configOf(changes: object = {}): ServeConfig {
  return decode(asWritten(MeshGridOptions), { listen: '127.0.0.1:0', ...changes }, () => true) as ServeConfig;
}

export function gridOf(changes: object = {}) {
  // The first window has just ended.
  const [clock, log] = [new FakeClock(BigInt(END_MS) * 1_000_000n), new MemoryLog()];
  const agent = { hostname: 'grid', labels: {}, version: '0', windowMs: WINDOW_MS };
  const context = { name: 'mesh-grid', log, clock, agent, board: undefined as never };
  return { grid: new GridServer(configOf(changes), context), clock, log };
}

export async function served(t: Pick<TestContext, 'after'>, changes: object = {}): Promise<Served> {
  const { grid, clock, log } = gridOf(changes);
  t.after(async () => {
    const closed = grid.close();
    // Its patience with connections that are still open.
    await clock.advance(1000);
    await closed;
  });
  await grid.connect(new AbortController().signal);
  return {
    grid,
    clock,
    log,
    write: (...metrics) => grid.write(metrics),
    async ask(path, options = {}) {
      const { status, headers, body } = await fetchUrl(`${grid.url}${path}`, options);
      const isJson = String(headers['content-type']).startsWith('application/json');
      const answer = {
        status,
        headers,
        body,
        json: isJson && body.length > 0 ? JSON.parse(body.toString()) : undefined,
      };
      if ((options.method ?? 'GET') === 'GET') assertDescribed(path, answer);
      return answer;
    },
  };
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Record<string, { schema: object }>; readonly headers?: object }>
  >;
}
interface Description {
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export const description: Description = JSON.parse(
  readFileSync(new URL('../../../../../docs/openapi-grid.json', import.meta.url), 'utf8'),
);
const ajv = new Ajv({ strict: false, validateFormats: false });

/** Status, headers, type and body are those that the description promises. */
function assertDescribed(path: string, { status, headers, body, json }: Answered): void {
  const bare = path.split('?')[0] ?? '';
  const template = Object.keys(description.paths).find((known) =>
    new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`).test(bare),
  );
  if (template === undefined) return;
  const where = `${path} → ${status} ${body.toString().slice(0, 200)}`;
  const found = description.paths[template]?.get.responses[String(status)];
  assert.ok(found, `${where} is not described`);
  for (const name of Object.keys(found.headers ?? {})) assert.ok(headers[name.toLowerCase()], `${where}: no ${name}`);
  const type = String(headers['content-type'] ?? '').split(';')[0] ?? '';
  const described = found.content?.[type];
  if (found.content === undefined) {
    assert.equal(body.length, 0, where);
    return;
  }
  assert.ok(described, `${where}: ${type} is not described`);
  if (type !== 'application/json') return;
  const schema = status >= 400 ? (description.components.schemas.Problem ?? {}) : described.schema;
  const validate = ajv.compile(schema);
  assert.ok(validate(json), `${where}: ${JSON.stringify(validate.errors)}`);
}
