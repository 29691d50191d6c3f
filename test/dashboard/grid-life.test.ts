/** The grid page as time goes on: new windows, none, a server that restarts, one that wants a token, names that mean harm. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Metric } from '../../core/metric.js';
import { probe } from '../plugins/common/grid/store/probes.js';
import { noBrowser, TestBrowser } from '../support/browser.js';
import { GridDriver } from './grid-driver.js';
import type { MeshPlan } from './made-mesh.js';
import { MeshServer, WINDOW_MS } from './mesh-server.js';

const PLAN: MeshPlan = { podsPerDc: 1, torsPerPod: 2, hostsPerTor: 2 };
const PAIRS = 12;
const SLOW: MeshPlan = { ...PLAN, fault: () => 'slow' };
/** Which of both is told depends on what was noticed first: the stream that ended, or a request that failed. */
const GONE = /The connection to the grid is lost|does not answer/;
/** Of data that are half an hour old, or some more when pages come slowly. */
const STALE = /^Stale: no new window for 3\d min/;
const TOKEN = 'token-of-a-reader-0123456789';

describe('grid page as time goes on', { skip: noBrowser }, () => {
  const browser = new TestBrowser();
  before(() => browser.start());
  after(() => browser.stop());

  async function serve(t: TestContext, changes: object = {}): Promise<MeshServer> {
    const server = new MeshServer({ rate_limit: 10_000, ...changes });
    t.after(() => server.stop());
    await server.start();
    return server;
  }

  async function open(t: TestContext, server: MeshServer, hash = '') {
    const opened = await browser.open(`${server.url}/${hash}`);
    // Before the server, whose close would otherwise wait for the page's connections.
    t.after(opened.close);
    return { ...opened, grid: new GridDriver(opened.page) };
  }

  /** Metrics of a window that has just ended, and of the one before it, which is settled. */
  function pairs(server: MeshServer, probes: readonly Parameters<typeof probe>[0][]): Metric[] {
    const times = [server.endMs - WINDOW_MS, server.endMs].map((ms) => BigInt(ms) * 1_000_000n);
    return times.flatMap((timeNs) => probes.map((one) => ({ ...probe({ networkNs: [40_000], ...one }), timeNs })));
  }

  test('without any row it says how rows come, and shows the first ones by itself', async (t) => {
    const server = await serve(t);
    const { page, grid } = await open(t, server);
    await page.getByText('No rows yet').waitFor();
    await page.getByText('mesh-listener:').waitFor();
    await page.locator('.link[data-state="open"]').waitFor();
    await server.fill(PLAN);
    await grid.ready();
    assert.equal(await grid.cells('good'), PAIRS);
  });

  test('new windows are shown as they come', async (t) => {
    const server = await serve(t);
    await server.fill(PLAN, 3, 1);
    const { page, grid } = await open(t, server);
    await grid.ready();
    await page.locator('.link[data-state="open"]').waitFor();
    assert.deepEqual([await grid.cells('good'), await grid.cells('bad')], [PAIRS, 0]);
    // One of them settles when the next one is there.
    const { endMs } = server;
    await server.writeWindow(SLOW, endMs);
    await server.writeWindow(SLOW, endMs + WINDOW_MS);
    await page
      .locator('.legend li', { hasText: 'bad' })
      .locator('.cells', { hasText: String(PAIRS) })
      .waitFor();
  });

  test('a server that goes is told, the old picture stays and looks old; when it is back all goes on', async (t) => {
    const server = await serve(t);
    await server.fill(PLAN);
    const { page, grid } = await open(t, server);
    await grid.ready();
    await page.locator('.link[data-state="open"]').waitFor();
    await server.stop();
    await page.locator('.link', { hasText: 'connection lost, reconnecting' }).waitFor();
    await page.locator('.banner', { hasText: GONE }).waitFor();
    await page.getByRole('group', { name: 'Figure' }).getByText('Loss').click();
    await page.locator('.banner', { hasText: 'does not answer' }).waitFor();
    await page.locator('.stage.stale canvas').waitFor();
    await server.start();
    await server.fill({ ...PLAN, fault: () => 'lossy' });
    await page.locator('.link[data-state="open"]').waitFor();
    await page
      .locator('.legend li', { hasText: 'bad' })
      .locator('.cells', { hasText: String(PAIRS) })
      .waitFor();
    await page.locator('.banner').waitFor({ state: 'hidden' });
  });

  test('data that are too old are told, and look it', async (t) => {
    const server = await serve(t);
    await server.fill(PLAN, 3, 30);
    const { page, grid } = await open(t, server);
    await grid.ready();
    await page.locator('.banner', { hasText: STALE }).waitFor();
    await page.locator('.stage.stale canvas').waitFor();
    await server.fill(PLAN);
    await page.locator('.banner').waitFor({ state: 'hidden' });
  });

  test('the pages of pairs and hosts tell both too', async (t) => {
    const server = await serve(t);
    await server.fill(PLAN, 3, 30);
    const { page } = await open(t, server);
    for (const path of ['pair/d1p1t1-h1/d1p1t2-h1', 'host/d1p1t1-h1', 'worst']) {
      await page.goto(`${server.url}/#/${path}`);
      await page.locator('.banner', { hasText: STALE }).waitFor();
    }
    await server.fill(PLAN);
    await page.locator('.banner').waitFor({ state: 'hidden' });
    await server.stop();
    await page.locator('.banner', { hasText: GONE }).waitFor();
    await page.locator('table.sorted').waitFor();
  });

  test('one host, which probes itself alone', async (t) => {
    const server = await serve(t);
    await server.write(pairs(server, [{ src: 'only', dst: 'only' }]));
    const { grid } = await open(t, server);
    await grid.ready();
    assert.equal(await grid.cells('good'), 1);
    assert.match(await grid.press('ArrowRight'), /^only to only: p99 of Network RTT 40/);
    await grid.find('only', 'only');
  });

  test('names that would be scripts are names', async (t) => {
    const evil = [
      '<img src=x onerror="window.hacked=1">',
      '"><script>window.hacked=2</script>',
      "javascript:window.hacked=3//'",
      '</title><svg onload=window.hacked=4>',
    ];
    const tags = (end: 'src' | 'dst', name: string) => ({
      [`${end}_dc`]: evil[0] ?? '',
      [`${end}_pod`]: evil[1] ?? '',
      [`${end}_tor`]: `${evil[3]}${evil.indexOf(name) % 2}`,
    });
    const mesh = evil.flatMap((src) => evil.filter((dst) => dst !== src).map((dst) => ({ src, dst })));
    const server = await serve(t);
    await server.write(
      pairs(
        server,
        mesh.map(({ src, dst }) => {
          const isDown = dst === evil[2];
          const networkNs = isDown ? [] : [40_000];
          return { src, dst, networkNs, timeout: isDown ? 2 : 0, tags: { ...tags('src', src), ...tags('dst', dst) } };
        }),
      ),
    );
    const { page, grid, faults } = await open(t, server);
    await grid.ready();
    for (let i = 0; i < evil.length; i += 1) await grid.press('ArrowRight');
    await grid.details();
    const [src = '', dst = ''] = ((await grid.tip.locator('.names').textContent()) ?? '').split(' → ');
    assert.ok(evil.includes(src) && evil.includes(dst), `${src} → ${dst}`);
    for (const name of evil) {
      const pages = [
        `pair/${encodeURIComponent(name)}/${encodeURIComponent(evil[0] ?? '')}`,
        `host/${encodeURIComponent(name)}`,
      ];
      for (const path of pages) {
        await page.goto(`${server.url}/#/${path}`);
        await page.locator('main > *').first().waitFor();
      }
    }
    await page.goto(`${server.url}/#/worst`);
    await page.locator('main').getByText('<img').first().waitFor();
    await page.goto(`${server.url}/#/grid?level=dc`);
    await grid.ready();
    await page.goto(`${server.url}/#/grid?level=host&src_in=${encodeURIComponent(`tor:${evil[0]}`)}`);
    await page.locator('.crumbs', { hasText: '<img' }).waitFor();
    assert.equal(await page.evaluate(() => (globalThis as { hacked?: number }).hacked), undefined);
    assert.equal(await page.locator('main img, main script, main svg[onload]').count(), 0);
    assert.deepEqual(faults, []);
  });

  test('a token is asked for where one is needed, kept for the tab, and goes with CSV too', async (t) => {
    const server = await serve(t, { reader_tokens: [TOKEN] });
    await server.fill(PLAN);
    const { page, grid } = await open(t, server);
    await page.locator('.link', { hasText: 'a token is needed' }).waitFor();
    const field = page.getByLabel('reader_tokens');
    await field.fill('not-the-token-at-all');
    await grid.button('Use this token').click();
    await page.getByText('The grid does not know this token').waitFor();
    await field.fill(TOKEN);
    await field.press('Enter');
    await grid.ready();
    await page.locator('.link[data-state="open"]').waitFor();
    await field.waitFor({ state: 'hidden' });
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('CSV').click()]);
    assert.match(await readFile(await download.path(), 'utf8'), /^src,dst,value_ns,state\r\n/);
    await page.reload();
    await grid.ready();
    assert.ok(!page.url().includes(TOKEN));
  });

  test('too many cells: what can be seen instead is one click away', async (t) => {
    const server = await serve(t);
    const hosts = Array.from({ length: 1030 }, (_, i) => ({ src: `h${i}`, dst: `h${(i + 1) % 1030}` }));
    const tags = { src_dc: 'd', src_pod: 'p', src_tor: 't', dst_dc: 'd', dst_pod: 'p', dst_tor: 't' };
    await server.write(
      pairs(
        server,
        hosts.map((pair) => ({ ...pair, tags })),
      ),
    );
    const { page, grid } = await open(t, server, '#/grid?level=host');
    await page.getByText('Too many cells at once').waitFor();
    await page.locator('.notice').getByRole('button', { name: 'ToR' }).click();
    await grid.ready();
    assert.equal(await grid.cells('good'), 1);
  });
});
