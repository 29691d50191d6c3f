/** The grid page in headless Chromium, against a real outputs/mesh-grid: every control, by pointer and by keys. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { BrowserContextOptions } from 'playwright-core';
import { noBrowser, TestBrowser } from '../support/browser.js';
import { GridDriver } from './grid-driver.js';
import type { MadeHost, MeshPlan } from './made-mesh.js';
import { MeshServer, WINDOW_MS } from './mesh-server.js';

/** `d1p1t2-h2` is down, `d1p2t1-h1` is slow both ways, and loss is between two ToRs. */
const fault = (src: MadeHost, dst: MadeHost) => {
  if (src.name === 'd1p1t2-h2') return 'silent';
  if (dst.name === 'd1p1t2-h2') return 'dead';
  if (src.name === 'd1p2t1-h1' || dst.name === 'd1p2t1-h1') return 'worst';
  return src.name.startsWith('d1p1t1') && dst.name.startsWith('d1p2t2') ? 'lossy' : undefined;
};
const PLAN: MeshPlan = { dcs: 2, podsPerDc: 2, torsPerPod: 2, hostsPerTor: 2, fault };

describe('grid page', { skip: noBrowser }, () => {
  const browser = new TestBrowser();
  const server = new MeshServer({ rate_limit: 10_000 });

  before(async () => {
    await Promise.all([browser.start(), server.start()]);
    await server.fill(PLAN, 4);
    await server.fill({ ...PLAN, transport: 'tcp', fault: () => undefined }, 2);
  });
  after(async () => {
    await Promise.all([browser.stop(), server.stop()]);
  });

  async function open(t: TestContext, hash = '', options?: BrowserContextOptions) {
    const opened = await browser.open(`${server.url}/${hash}`, options);
    t.after(async () => {
      await opened.close();
      assert.deepEqual(opened.faults, []);
    });
    const grid = new GridDriver(opened.page);
    await grid.ready();
    return { page: opened.page, grid };
  }

  test('a small mesh is there host by host, with what is wrong in colours, numbers and words', async (t) => {
    const { page, grid } = await open(t);
    assert.deepEqual([await grid.pressed('Level'), await grid.pressed('Transport')], [['Host'], ['UDP']]);
    assert.deepEqual([await grid.pressed('Figure'), await grid.pressed('Time')], [['Network RTT'], ['Live']]);
    // 16 hosts: a column without answer, a silent row, the diagonal; two crosses that meet once.
    assert.deepEqual([await grid.cells('no answer'), await grid.cells('no data')], [15, 31]);
    assert.deepEqual([await grid.cells('worst'), await grid.cells('good')], [28, 256 - 15 - 31 - 28]);
    const patterns = await page.locator('.patterns li').allTextContents();
    assert.match(patterns[0] ?? '', /host down d1p1t2-h2down: it reports nothing/);
    assert.match(patterns[1] ?? '', /host trouble d1p2t1-h1 by network RTTred cross: at least 0.8/);
    await page.locator('.link[data-state="open"]').waitFor();
    const [failed, slow] = [await grid.find('d1p1t1-h1', 'd1p1t2-h2'), await grid.find('d1p1t1-h1', 'd1p2t1-h1')];
    const at = async (place: { x: number; y: number }) => (await grid.colourAt(place.x - 9, place.y)).join(' ');
    assert.notEqual(await at(failed), await at(slow));
  });

  test('a cell is read where the pointer is, with its counts', async (t) => {
    const { grid } = await open(t);
    await grid.point('d1p1t1-h1', 'd1p2t2-h1');
    assert.match((await grid.tip.locator('.value').textContent()) ?? '', /^p99 of Network RTT \d.* µs \(good\)$/);
    const details = await grid.details();
    assert.deepEqual([details.sent, details.answered, details.lost], ['20', '15', '5 (25 %)']);
    // The figure of the cell is the one of the report then, to the last digit.
    const value = (await grid.tip.locator('.value').textContent()) ?? '';
    assert.equal(value, `p99 of Network RTT ${details.p99} (good)`);
    await grid.point('d1p1t1-h1', 'd1p1t2-h2');
    assert.equal(await grid.tip.locator('.value').textContent(), 'no answer');
    await grid.point('d1p1t1-h1', 'd1p1t1-h1');
    assert.equal(await grid.tip.locator('.value').textContent(), 'no data');
    await grid.page.mouse.move(5, 5);
    await grid.tip.waitFor({ state: 'hidden' });
  });

  test('a cell is read aloud where the cursor is, and Enter opens it', async (t) => {
    const { page, grid } = await open(t);
    assert.match(await grid.press('ArrowRight'), /^d1p1t1-h1 to d1p1t1-h2: p99 of Network RTT/);
    assert.match(await grid.press('ArrowDown'), /^d1p1t1-h2 to d1p1t1-h2: no data/);
    assert.match(await grid.press('Shift+ArrowDown'), /^d2p1t2-h2 to d1p1t1-h2/);
    assert.match(await grid.press('End'), /^d2p1t2-h2 to d2p2t2-h2/);
    assert.match(await grid.press('PageUp'), /^d1p1t1-h1 to d2p2t2-h2/);
    assert.match(await grid.press('ArrowUp'), /^d1p1t1-h1 to d2p2t2-h2/);
    assert.match(await grid.press('Home'), /^d1p1t1-h1 to d1p1t1-h1/);
    await grid.press('PageDown');
    await grid.press('ArrowRight');
    await page.locator('#spoken', { hasText: /sent 20, answered 20, lost none$/ }).waitFor({ state: 'attached' });
    await grid.canvas.press('Enter');
    await page.waitForURL(/#\/pair\/d2p2t2-h2\/d1p1t1-h2\?transport=udp/);
    await page.goBack();
    await grid.ready();
  });

  test('from DC to pod to ToR to host to pair, and back by the crumbs', async (t) => {
    const { page, grid } = await open(t, '#/grid?level=dc');
    const crumbs = page.getByRole('navigation', { name: 'Part of the mesh' });
    await grid.click('dc1', 'dc2');
    await crumbs.getByText('dc1 → dc2').waitFor();
    await grid.ready();
    await grid.click('dc1/p2', 'dc2/p1');
    await crumbs.getByText('dc1/p2 → dc2/p1').waitFor();
    await grid.click('dc1/p2/t1', 'dc2/p1/t2');
    await crumbs.getByText('dc1/p2/t1 → dc2/p1/t2').waitFor();
    assert.deepEqual(await grid.pressed('Level'), ['Host']);
    assert.equal(await grid.cells('worst'), 2);
    await crumbs.getByText('dc1/p2 → dc2/p1', { exact: true }).click();
    await page.locator('[aria-current]', { hasText: 'dc1/p2 → dc2/p1' }).waitFor();
    assert.deepEqual(await grid.pressed('Level'), ['ToR']);
    await page.goBack();
    await grid.ready();
    await grid.click('d1p2t1-h2', 'd2p1t2-h1');
    await page.waitForURL(/#\/pair\/d1p2t1-h2\/d2p1t2-h1/);
  });

  test('labels lead inside of a group, or to the page of a host', async (t) => {
    const { page, grid } = await open(t, '#/grid?level=pod');
    const { y } = await grid.find('dc1/p2', 'dc1/p1');
    const box = (await grid.canvas.boundingBox()) ?? { x: 0 };
    await page.mouse.click(box.x + 20, y);
    await page.locator('[aria-current]', { hasText: 'dc1/p2' }).waitFor();
    await grid.button('Host').click();
    await page.waitForURL(/level=host/);
    await grid.ready();
    const host = await grid.find('d1p2t2-h1', 'd1p2t1-h1');
    await page.mouse.click(box.x + 20, host.y);
    await page.waitForURL(/#\/host\/d1p2t2-h1/);
  });

  test('transport, level, figure and statistic are chosen, and stand in the address', async (t) => {
    const { page, grid } = await open(t, '#/grid?level=host');
    await grid.button('TCP').click();
    await page.waitForURL(/transport=tcp/);
    await page.locator('.patterns', { hasText: 'No pattern' }).waitFor();
    assert.equal(await grid.cells('worst'), 0);
    await grid.button('UDP').click();
    await page.locator('.patterns li').first().waitFor();
    await grid.button('Loss').click();
    await page.locator('.legend', { hasText: 'from 50 %' }).waitFor();
    assert.deepEqual([await grid.cells('bad'), await grid.cells('worst')], [4, 15]);
    assert.ok(await page.getByLabel('Statistic').isHidden());
    await grid.button('Counts').click();
    await page.locator('.legend', { hasText: 'up to 20 probes' }).waitFor();
    await page.getByLabel('Statistic').selectOption('sent');
    await page.waitForURL(/stat=sent/);
    await grid.button('Responder delay').click();
    await page.waitForURL(/delay=responder_delay&stat=p99/);
    await page.getByLabel('Statistic').selectOption('max');
    await page.waitForURL(/delay=responder_delay&stat=max/);
    await grid.point('d2p2t1-h1', 'd1p1t1-h1');
    await grid.tip.locator('.value', { hasText: /^max of Responder delay/ }).waitFor();
    await grid.button('DC').click();
    await page.waitForURL(/level=dc/);
    await grid.ready();
    await grid.find('dc2', 'dc1');
  });

  test('wheel, drag, buttons and keys zoom and pan; the address shows the same part again', async (t) => {
    const { page, grid } = await open(t);
    const names = 'd2p1t1-h1 → d1p1t2-h1';
    const cell = await grid.find('d2p1t1-h1', 'd1p1t2-h1');
    await page.mouse.move(cell.x, cell.y);
    await page.mouse.wheel(0, -1200);
    await page.waitForURL(/box=/);
    assert.equal(await grid.tip.locator('.names').textContent(), names);
    await page.mouse.down();
    await page.mouse.move(cell.x - 60, cell.y - 110, { steps: 3 });
    await page.mouse.up();
    await page.mouse.move(cell.x, cell.y);
    assert.notEqual(await grid.tip.locator('.names').textContent(), names);
    assert.doesNotMatch(page.url(), /pair/);
    await grid.button('Show all').click();
    await page.waitForURL((url) => !url.hash.includes('box='));
    await grid.button('Zoom in').click();
    await grid.button('Zoom in').click();
    await page.waitForURL(/box=/);
    const box = /box=[^&]+/.exec(page.url())?.[0];
    await page.reload();
    await grid.ready();
    await grid.frame();
    await grid.button('Zoom out').click();
    await page.waitForURL((url) => !url.hash.includes(String(box)));
    await grid.press('0');
    await page.waitForURL((url) => !url.hash.includes('box='));
    await grid.press('+');
    await page.waitForURL(/box=/);
  });

  test('what was pressed is picked, though the picture moves under the pointer before it is let go', async (t) => {
    const { page, grid } = await open(t);
    const cell = await grid.find('d2p1t1-h1', 'd1p1t2-h1');
    await page.mouse.move(cell.x, cell.y);
    await page.mouse.down();
    await grid.canvas.evaluate((canvas) => {
      // As a banner does.
      (canvas as unknown as Movable).parentElement.style.marginTop = '60px';
    });
    await grid.frame();
    await page.mouse.move(cell.x + 1, cell.y);
    await page.mouse.up();
    await page.waitForURL(/#\/pair\/d2p1t1-h1\/d1p1t2-h1/);
  });

  test('a pattern in the list leads to its place in the picture', async (t) => {
    const { page, grid } = await open(t);
    await page.locator('.patterns button', { hasText: 'd1p2t1-h1' }).click();
    await page.locator('#spoken', { hasText: /^d1p2t1-h1 to d1p1t1-h1/ }).waitFor({ state: 'attached' });
    assert.ok(await grid.canvas.evaluate((canvas) => canvas.matches(':focus')));
  });

  test('a host that loses probes and is fast: its pattern leads to the loss, which the latency does not show', async (t) => {
    const ill = 'd1p1t1-h2';
    const fault = (_: MadeHost, dst: MadeHost) => (dst.name === ill ? ('lossy' as const) : undefined);
    await server.fill({ podsPerDc: 1, torsPerPod: 1, hostsPerTor: 6, transport: 'rdma-ud', fault }, 2);
    const { page, grid } = await open(t, '#/grid?transport=rdma-ud');
    const button = page.locator('.patterns button', { hasText: ill });
    assert.match((await button.textContent()) ?? '', /^host trouble d1p1t1-h2 by loss/);
    await button.click();
    await page.waitForURL(/stat=loss/);
    await page.locator('#spoken', { hasText: `d1p1t1-h1 to ${ill}: loss 25 % (bad)` }).waitFor({ state: 'attached' });
    assert.equal(await grid.cells('bad'), 5);
  });

  test('every kept window can be looked at, and live again', async (t) => {
    const { page, grid } = await open(t);
    const shown = async () => (await page.locator('.timeline output').textContent())?.slice(0, 8);
    const starting = (text: string) => new RegExp(`^${text}`);
    const newest = (await shown()) ?? '';
    await grid.button('One window back').click();
    await page.waitForURL(/at=\d+/);
    await page.locator('.timeline output', { hasNotText: starting(newest) }).waitFor();
    const older = (await shown()) ?? '';
    assert.equal(secondsBetween(older, newest), WINDOW_MS / 1000);
    assert.deepEqual(await grid.pressed('Time'), []);
    await page.getByLabel('Window', { exact: true }).press('Home');
    await page.locator('.timeline output', { hasNotText: starting(older) }).waitFor();
    assert.ok(await grid.button('One window back').isDisabled());
    await grid.button('One window on').click();
    await page.locator('.timeline output', { hasText: starting(older) }).waitFor();
    await grid.button('Live').click();
    await page.locator('.timeline output', { hasText: starting(newest) }).waitFor();
    assert.doesNotMatch(page.url(), /at=/);
  });

  test('a window that is not kept any more is told, with the way to what is', async (t) => {
    const opened = await browser.open(`${server.url}/#/grid?at=1000`);
    t.after(opened.close);
    await opened.page.getByText('This window is not kept any more').waitFor();
    await opened.page.locator('.notice').getByRole('button', { name: 'Live' }).click();
    await new GridDriver(opened.page).ready();
  });

  test('a link reproduces the view, of its very window', async (t) => {
    const permissions = { permissions: ['clipboard-read', 'clipboard-write'] };
    const { page, grid } = await open(t, '#/grid?level=tor&stat=loss', permissions);
    await grid.button('Zoom in').click();
    await page.waitForURL(/box=/);
    await grid.button('Copy link').click();
    await grid.button('Copied').waitFor();
    const link = await page.evaluate(() => (globalThis as unknown as WithClipboard).navigator.clipboard.readText());
    assert.match(link, /^http.*#\/grid\?transport=udp&level=tor&delay=network_rtt&stat=loss&at=\d+&box=/);
    const again = await open(t, link.slice(link.indexOf('#')));
    assert.deepEqual([await again.grid.pressed('Figure'), await again.grid.pressed('Level')], [['Loss'], ['ToR']]);
    assert.equal(
      await again.page
        .locator('.timeline output')
        .textContent()
        .then((text) => text?.slice(0, 19)),
      await page
        .locator('.timeline output')
        .textContent()
        .then((text) => text?.slice(0, 19)),
    );
  });

  test('the view is there as CSV', async (t) => {
    const { page } = await open(t, '#/grid?level=tor&stat=loss');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('CSV').click()]);
    assert.equal(download.suggestedFilename(), 'grid-tor-loss.csv');
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
    assert.deepEqual([lines[0], lines.length], ['src,dst,value_ratio,state', 1 + 64]);
  });

  test('dark or light as the system has it, until it is chosen', async (t) => {
    const { page, grid } = await open(t, '', { colorScheme: 'light' });
    const theme = () =>
      page.evaluate(() => (globalThis as unknown as WithDocument).document.documentElement.dataset.theme);
    const cell = await grid.find('d2p1t1-h1', 'd2p1t1-h2');
    await page.mouse.move(5, 5);
    await grid.frame();
    const light = await grid.colourAt(cell.x, cell.y);
    assert.equal(await theme(), 'light');
    await grid.button('Switch between dark and light').click();
    await grid.frame();
    assert.equal(await theme(), 'dark');
    assert.notDeepEqual(await grid.colourAt(cell.x, cell.y), light);
    await page.reload();
    assert.equal(await theme(), 'dark');
  });
});

/** Of two times of day, the second of which may be of the day after. */
function secondsBetween(earlier: string, later: string): number {
  const [from = Number.NaN, to = Number.NaN] = [earlier, later].map((time) => Date.parse(`1970-01-01T${time}Z`) / 1000);
  return (to - from + 86_400) % 86_400;
}

interface Movable {
  readonly parentElement: { readonly style: { marginTop: string } };
}
interface WithClipboard {
  readonly navigator: { readonly clipboard: { readText(): Promise<string> } };
}
interface WithDocument {
  readonly document: { readonly documentElement: { readonly dataset: { readonly theme?: string } } };
}
