/**
 * The dashboard with 1 000 × 1 000 hosts in headless Chromium, which draws in software: what is transferred until the picture
 * is there, how long that takes once the data have arrived, and how many frames a second there are while it is dragged and
 * zoomed. Chromium and the server share the machine.
 */

import type { CDPSession, Page } from 'playwright-core';
import { systemClock } from '../core/clock.js';
import { decode } from '../core/config/decode.js';
import { asWritten } from '../core/config/schema-tree.js';
import { Distribution } from '../core/distribution.js';
import { count, distribution, type Metric } from '../core/metric.js';
import { MeshGridOptions, type ServeConfig } from '../plugins/outputs/mesh-grid/config.js';
import { GridServer } from '../plugins/outputs/mesh-grid/grid-server.js';
import { noBrowser, TestBrowser } from '../test/support/browser.js';
import { MemoryLog } from '../test/support/memory-log.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { quantile } from './statistics.js';

const WINDOW_MS = 10_000;
const HOSTS_PER_TOR = 20;
const TORS_PER_POD = 10;
const BATCH = 5000;
const MOVES = 120;

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  if (noBrowser !== false) throw new Error(noBrowser);
  const hosts = quick ? 200 : 1000;
  const server = gridServer();
  const browser = new TestBrowser();
  try {
    await Promise.all([server.connect(new AbortController().signal), browser.start()]);
    await fill(server, hosts);
    const { page } = await browser.open('about:blank', { viewport: { width: 1600, height: 1000 } });
    const transferred = await countBytes(await page.context().newCDPSession(page));
    await page.addInitScript(noteFirstDraw);
    await page.goto(`${server.url}/#/grid?level=host`);
    await page.locator('.legend').waitFor();
    const drawnMs = await page.evaluate(firstDrawMs);
    const megabytes = transferred() / 1e6;
    const panned = await frames(page, pan);
    const zoomed = await frames(page, zoom);
    const name = (what: string) => `dashboard, ${hosts} × ${hosts} hosts: ${what}`;
    return [
      { name: name('transferred'), value: megabytes, unit: 'MB', budget: '≤ 4 MB', ok: megabytes <= 4 },
      { name: name('data to picture'), value: drawnMs, unit: 'ms', budget: '≤ 1000 ms', ok: drawnMs <= 1000 },
      { name: name('pan'), value: panned, unit: 'frames/s', budget: '≥ 30', ok: panned >= 30 },
      { name: name('zoom'), value: zoomed, unit: 'frames/s', budget: '≥ 30', ok: zoomed >= 30 },
    ];
  } finally {
    await browser.stop();
    await server.close();
  }
}

function gridServer(): GridServer {
  const config = decode(asWritten(MeshGridOptions), { listen: '127.0.0.1:0' }, () => true) as ServeConfig;
  const agent = { hostname: 'grid', labels: {}, version: '0', windowMs: WINDOW_MS };
  const context = { name: 'mesh-grid', log: new MemoryLog(), clock: systemClock, agent, board: undefined as never };
  return new GridServer(config, context);
}

/** Every host probes every other one, in one window. */
async function fill(server: GridServer, hosts: number): Promise<void> {
  const timeNs = BigInt(Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS) * 1_000_000n;
  const samples = Array.from({ length: 500 }, (_, i) => sample(20_000 * 1.01 ** i));
  let batch: Metric[] = [];
  for (let src = 0; src < hosts; src += 1) {
    for (let dst = 0; dst < hosts; dst += 1) {
      const network = samples[(src * 31 + dst * 17) % samples.length] ?? new Distribution();
      batch.push(metricOf(src, dst, network, timeNs));
      if (batch.length < BATCH) continue;
      await server.write(batch);
      batch = [];
    }
  }
  await server.write(batch);
}

function metricOf(src: number, dst: number, network: Distribution, timeNs: bigint): Metric {
  const [all, none] = [count(network.count, 'probes'), count(0, 'probes')];
  return {
    name: 'probe',
    tags: { transport: 'udp', ...endTags('src', src), ...endTags('dst', dst) },
    fields: { sent: all, success: all, timeout: none, network_rtt: distribution(network) },
    timeNs,
  };
}

function endTags(end: 'src' | 'dst', host: number): Readonly<Record<string, string>> {
  const tor = Math.floor(host / HOSTS_PER_TOR);
  const pod = Math.floor(tor / TORS_PER_POD);
  return { [end]: `host-${host}`, [`${end}_dc`]: 'dc1', [`${end}_pod`]: `p${pod}`, [`${end}_tor`]: `t${tor}` };
}

function sample(medianNs: number): Distribution {
  const values = new Distribution();
  for (let i = 0; i < 5; i += 1) values.record(medianNs * (0.9 + i * 0.05));
  return values;
}

/** What comes over the wire, as the browser counts it. */
async function countBytes(session: CDPSession): Promise<() => number> {
  let bytes = 0;
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  return () => bytes;
}

/** In the page, before it begins: notes the frame in which the picture is there. */
function noteFirstDraw(): void {
  const look = (): void => {
    if (document.querySelector('.legend') === null) requestAnimationFrame(look);
    // The frame of the picture was asked for before this one.
    else requestAnimationFrame(() => performance.mark('drawn'));
  };
  requestAnimationFrame(look);
}

/** In the page: from the last byte of the grid to the picture. */
async function firstDrawMs(): Promise<number> {
  while (performance.getEntriesByName('drawn').length === 0)
    await new Promise<void>((done) => requestAnimationFrame(() => done()));
  const grid = performance.getEntriesByType('resource').find(({ name }) => name.includes('/v1/grid'));
  const arrivedMs = (grid as { readonly responseEnd?: number } | undefined)?.responseEnd ?? 0;
  return (performance.getEntriesByName('drawn')[0]?.startTime ?? 0) - arrivedMs;
}

/** Frames a second that nine of ten frames keep up with while `move` goes on. */
async function frames(page: Page, move: (page: Page) => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const stamps: number[] = [];
    const note = (now: number): void => {
      stamps.push(now);
      requestAnimationFrame(note);
    };
    Object.assign(globalThis, { stamps });
    requestAnimationFrame(note);
  });
  await move(page);
  const stamps = await page.evaluate(() => (globalThis as unknown as { stamps: number[] }).stamps);
  const gapsMs = stamps.slice(1).map((stamp, i) => stamp - (stamps[i] ?? 0));
  return 1000 / quantile(gapsMs, 0.9);
}

async function pan(page: Page): Promise<void> {
  await page.mouse.move(600, 500);
  await page.mouse.wheel(0, -900);
  await page.mouse.down();
  for (let i = 0; i < MOVES; i += 1) await page.mouse.move(600 - 3 * i, 500 - 2 * i);
  await page.mouse.up();
}

async function zoom(page: Page): Promise<void> {
  for (let i = 0; i < MOVES; i += 1) await page.mouse.wheel(0, i < MOVES / 2 ? -60 : 60);
}

// As much of a browser as is used here: the types of this program are Node's.
declare const document: { querySelector(selector: string): unknown };
declare function requestAnimationFrame(callback: (nowMs: number) => void): void;
