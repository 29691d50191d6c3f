/**
 * Pushes the rows of 10 000 hosts to a listener as outputs/mesh-grid does, one row of a host in each window, evenly over its time:
 * node mesh-load-process.js PLAN (JSON of MeshLoadPlan). Each host has an address in 127.0.0.0/8 and one connection that it
 * keeps. Prints PushedWindow as a line of JSON after each window; the first request that fails ends it.
 */

import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { ROWS_PATH } from '../plugins/common/grid/row.js';
import { encodeRows, rowsDocument } from '../plugins/common/grid/row-encoder.js';
import { loopbackAddress } from './loopback.js';
import { HOSTS, MeshFleet, TARGETS, WINDOW_MS } from './mesh-fleet.js';
import { MAX_LOAD_WINDOWS, type MeshLoadPlan, type PushedWindow } from './mesh-load.js';
import { quantile } from './statistics.js';

/** A first window, of which every document is made; the others differ in its time. */
const TEMPLATE_START_MS = 1_767_225_600_000;
/** Rows that are due together. */
const ROWS_PER_TURN = 10;
/** Beyond, it waits and falls behind, which is told. */
const MAX_UNDER_WAY = 500;
const REQUEST_TIMEOUT_MS = 10_000;

interface Pushed {
  readonly accepted: number;
  readonly ms: number;
}

const plan: MeshLoadPlan = JSON.parse(process.argv[2] ?? '');
if (!(plan.windows <= MAX_LOAD_WINDOWS)) throw new RangeError(`expected at most ${MAX_LOAD_WINDOWS} windows`);
const documents = templates();
const connections = new Agent({ keepAlive: true, maxSockets: 1 });

for (let window = 0; window < plan.windows; window += 1) {
  process.stdout.write(`${JSON.stringify(await pushWindow())}\n`);
}
connections.destroy();

function templates(): string[] {
  const fleet = new MeshFleet();
  return Array.from({ length: HOSTS }, (_, host) => {
    const { rows } = encodeRows(fleet.metrics(host, TEMPLATE_START_MS + WINDOW_MS), WINDOW_MS);
    return JSON.stringify(rowsDocument(rows));
  });
}

/** Waits for the end of the window that is open, and pushes its rows within the next one. */
async function pushWindow(): Promise<PushedWindow> {
  const startMs = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS;
  const endMs = startMs + WINDOW_MS;
  await delay(endMs - Date.now());
  const pushes: Pushed[] = [];
  const underWay = new Set<Promise<void>>();
  for (let host = 0; host < HOSTS; host += 1) {
    // Before the next window begins, so that its rows are not late.
    const dueMs = endMs + (host / HOSTS) * (WINDOW_MS - 500);
    if (host % ROWS_PER_TURN === 0) await delay(Math.max(0, dueMs - Date.now()));
    while (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
    const pushed = push(host, startMs).then((done) => {
      pushes.push(done);
      underWay.delete(pushed);
    });
    underWay.add(pushed);
  }
  await Promise.all(underWay);
  const ms = pushes.map((push) => push.ms);
  return {
    targets: HOSTS * TARGETS,
    accepted: pushes.reduce((sum, push) => sum + push.accepted, 0),
    pushP50Ms: quantile(ms, 0.5),
    pushP99Ms: quantile(ms, 0.99),
    lateMs: Math.max(0, Date.now() - endMs - WINDOW_MS),
  };
}

async function push(host: number, startMs: number): Promise<Pushed> {
  const document = documents[host]?.replace(isoOf(TEMPLATE_START_MS), isoOf(startMs)) ?? '';
  const body = gzipSync(document, { level: 1 });
  const askedMs = performance.now();
  const accepted = await post(body, loopbackAddress(host));
  return { accepted, ms: performance.now() - askedMs };
}

/** Resolves to the targets that were accepted. */
function post(body: Buffer, localAddress: string): Promise<number> {
  const headers = {
    authorization: `Bearer ${plan.token}`,
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    'content-length': body.length,
  };
  const options = { method: 'POST', headers, agent: connections, localAddress, timeout: REQUEST_TIMEOUT_MS };
  return new Promise((resolve, reject) => {
    const asked = request(`${plan.url}/${ROWS_PATH}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== 200) return reject(new Error(`a push was answered with ${text}`));
        resolve((JSON.parse(text) as { readonly accepted: number }).accepted);
      });
    });
    asked.once('timeout', () => asked.destroy(new Error('a push was not answered')));
    asked.once('error', reject);
    asked.end(body);
  });
}

/** As rows have it: nine digits of the second. */
function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000000Z');
}
