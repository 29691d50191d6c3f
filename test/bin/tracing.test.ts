/** The agent's own traces, as a receiver gets them that reads the official definitions. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import definitions from 'otlp-definitions/build/src/generated/root.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { WeftProcess } from '../support/weft-process.js';

/** What pbjs makes of a message type. */
interface MessageType {
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): object;
}
interface Span {
  readonly name: string;
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}
interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Span['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

const { opentelemetry } = definitions as unknown as {
  opentelemetry: { proto: { collector: { trace: { v1: { ExportTraceServiceRequest: MessageType } } } } };
};
const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;

const ERROR = 2;
const PLUGIN = `const base = { description: 'Made up.', sample: '- {}', config: { type: 'object' } };
export const input = { ...base, kind: 'input', id: 'ticking', create: (_, { clock }) => ({
  async gather(acc) { acc.add({ name: 'n', tags: {}, fields: { n: { kind: 'gauge', value: 1, unit: '1' } }, timeNs: clock.nowNs() }); } }) };
export const output = { ...base, kind: 'output', id: 'failing', create: () => ({ async write() { throw new Error('no room'); } }) };`;

/** `found`: the requests with which `condition` was true. */
async function receiver(t: TestContext, condition: (spans: readonly Span[]) => boolean) {
  const found: TraceRequest[] = [];
  const seen: Span[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    assert.equal(request.url, '/v1/traces');
    const message = ExportTraceServiceRequest.decode(Buffer.concat(chunks));
    const decoded = ExportTraceServiceRequest.toObject(message, { arrays: true }) as TraceRequest;
    seen.push(...decoded.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans));
    response.end();
    if (condition(seen)) found.push(decoded);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, found, seen };
}

async function configFile(t: TestContext): Promise<string> {
  const folder = await tempFolder(t);
  await writeFile(join(folder, 'made-up.mjs'), PLUGIN);
  for (const kind of ['input', 'output']) {
    await writeFile(join(folder, `${kind}.mjs`), `export { ${kind} as default } from './made-up.mjs';`);
  }
  const file = join(folder, 'weft.yaml');
  const config = {
    plugins: ['./input.mjs', './output.mjs'],
    agent: { interval: '100ms', flush_interval: '100ms', log_format: 'json', hostname: 'host-a' },
    inputs: { ticking: [{}] },
    outputs: { failing: [{}] },
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

test('asked for by the environment: a span for each gather and write, with how it ended', async (t) => {
  const names = ['input.gather', 'output.write'];
  const { url, found, seen } = await receiver(t, (spans) =>
    names.every((name) => spans.some((span) => span.name === name)),
  );
  const weft = new WeftProcess(['run', '-c', await configFile(t)], {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_BSP_SCHEDULE_DELAY: '50',
  });
  t.after(() => weft.destroy());
  const request = await waitFor('a span of each', () => found.at(0), { needs: [weft], seen: () => seen });
  const { resource } = request.resourceSpans[0] ?? assert.fail();
  const said = Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue]));
  assert.deepEqual([said['service.name'], said['host.name']], ['weft', 'host-a']);
  assert.equal(said['process.command_args'], undefined);
  const gather = seen.find(({ name }) => name === 'input.gather');
  assert.equal(gather?.attributes.find(({ key }) => key === 'weft.input')?.value.stringValue, 'ticking');
  assert.notEqual(gather?.status?.code, ERROR);
  const write = seen.find(({ name }) => name === 'output.write');
  assert.deepEqual([write?.status?.code, write?.status?.message], [ERROR, 'no room']);
});
