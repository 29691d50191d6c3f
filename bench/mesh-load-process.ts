/**
 * Pushes the rows of 10 000 hosts to a listener as outputs/mesh-grid does, one row of a host in each window, evenly over its time:
 * node mesh-load-process.js PLAN (JSON of MeshLoadPlan). Each host has an address in 127.0.0.0/8 and one connection that it
 * keeps; the documents are made beforehand, since the server that is measured needs the machine. Prints PushedWindow as a
 * line of JSON after each window; the first request that fails ends it.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { ROWS_PATH } from '../plugins/common/grid/row.js';
import { encodeRows, rowsDocument } from '../plugins/common/grid/row-encoder.js';
import { loopbackAddress } from './loopback.js';
import { HOSTS, MeshFleet, TARGETS, WINDOW_MS } from './mesh-fleet.js';
import { MAX_LOAD_WINDOWS, type MeshLoadPlan, type PushedWindow } from './mesh-load.js';
import { PushConnection } from './push-connection.js';
import { quantile } from './statistics.js';

/** A first window, of which every document is made; the others differ in its time. */
const TEMPLATE_START_MS = 1_767_225_600_000;
/** Rows that are due together. */
const ROWS_PER_TURN = 10;
/** Beyond, it waits and falls behind, which is told. */
const MAX_UNDER_WAY = 500;
/** Of some ten bytes: what a compressor has to prepare is most of its work. */
const QUICK_GZIP = { level: 1, windowBits: 9, memLevel: 1 };

interface Host {
  readonly connection: PushConnection;
  /** Its document up to the time of the window, and all behind that, compressed. */
  readonly headTo: string;
  readonly rest: Buffer;
}

interface Pushed {
  readonly accepted: number;
  readonly ms: number;
}

const plan: MeshLoadPlan = JSON.parse(process.argv[2] ?? '');
if (!(plan.windows <= MAX_LOAD_WINDOWS)) throw new RangeError(`expected at most ${MAX_LOAD_WINDOWS} windows`);
const listener = new URL(plan.url);
const hosts = hostsOf(new MeshFleet());

for (let window = 0; window < plan.windows; window += 1) {
  process.stdout.write(`${JSON.stringify(await pushWindow())}\n`);
}
for (const { connection } of hosts) connection.close();

function hostsOf(fleet: MeshFleet): Host[] {
  return Array.from({ length: HOSTS }, (_, host) => {
    const { rows } = encodeRows(fleet.metrics(host, TEMPLATE_START_MS + WINDOW_MS), WINDOW_MS);
    const [headTo = '', rest = ''] = JSON.stringify(rowsDocument(rows)).split(isoOf(TEMPLATE_START_MS));
    const connection = new PushConnection(Number(listener.port), loopbackAddress(host));
    return { connection, headTo, rest: gzipSync(rest) };
  });
}

/** Waits for the end of the window that is open, and pushes its rows within the next one. */
async function pushWindow(): Promise<PushedWindow> {
  const startMs = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS;
  const endMs = startMs + WINDOW_MS;
  await delay(endMs - Date.now());
  const pushes: Pushed[] = [];
  const underWay = new Set<Promise<void>>();
  for (const [i, host] of hosts.entries()) {
    // Before the next window begins, so that its rows are not late.
    const dueMs = endMs + (i / HOSTS) * (WINDOW_MS - 500);
    if (i % ROWS_PER_TURN === 0) await delay(Math.max(0, dueMs - Date.now()));
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

async function push({ connection, rest, headTo }: Host, startMs: number): Promise<Pushed> {
  // Two members of gzip, which inflate to one document: only the first one differs from window to window.
  const first = gzipSync(headTo + isoOf(startMs), QUICK_GZIP);
  const request = Buffer.concat([requestHead(first.length + rest.length), first, rest]);
  const askedMs = performance.now();
  const body = await connection.exchange(request);
  const { accepted } = JSON.parse(body) as { readonly accepted: number };
  return { accepted, ms: performance.now() - askedMs };
}

function requestHead(bodyBytes: number): Buffer {
  const lines = [
    `POST /${ROWS_PATH} HTTP/1.1`,
    `host: ${listener.host}`,
    `authorization: Bearer ${plan.token}`,
    'content-type: application/json',
    'content-encoding: gzip',
    `content-length: ${bodyBytes}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

/** As rows have it: nine digits of the second. */
function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000000Z');
}
