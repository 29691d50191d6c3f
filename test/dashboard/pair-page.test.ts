import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { probe } from '../plugins/common/grid/store/probes.js';
import { noBrowser } from '../support/browser.js';
import { GAP, HOST, hashHas, PEER, WINDOWS } from './detail-mesh.js';
import { DetailSite } from './detail-site.js';
import { WINDOW_MS } from './mesh-server.js';

describe('the page of a pair', { skip: noBrowser }, () => {
  const { server, browser, endOf } = new DetailSite();
  const startOf = (back: number) => endOf(back) - WINDOW_MS;

  const open = async (query = '', names = `${HOST}/${PEER}`) => {
    const opened = await browser.open(`${server.url}/#/pair/${names}${query}`);
    await opened.page.locator('.history-chart:visible').first().waitFor();
    return opened;
  };
  const selected = (page: Page) => new URL(page.url()).hash.split('?')[1] ?? '';

  test('three delays and loss, both ways, with a gap where there are no data', async () => {
    const { page, faults, close } = await open();
    const there = page.getByRole('region', { name: `${HOST} → ${PEER}` });
    const back = page.getByRole('region', { name: `${PEER} → ${HOST}` });
    for (const direction of [there, back]) {
      const titles = await direction.locator('h3').allTextContents();
      assert.deepEqual(titles, ['Network RTT', 'Prober delay', 'Responder delay', 'Loss']);
      const paths = await direction
        .locator('.chart path.line')
        .evaluateAll((lines) => lines.map((line) => line.getAttribute('d')?.match(/M/g)?.length));
      assert.deepEqual(paths, Array(7).fill(2), 'p99 and median of three, and loss: each in two runs');
    }
    await there.getByText('Values as a table').click();
    const rows = there.locator('.values tbody tr');
    assert.equal(await rows.count(), WINDOWS - 1);
    const cells = (await rows.first().locator('td').allTextContents()).join(' | ');
    assert.match(cells, /^90 µs \| 7 ms \| .* \| 0 % \| 20$/, 'half of the probes took each path');
    assert.deepEqual(faults, []);
    await close();
  });

  test('the cursor goes to a window by the keyboard, by a click, and by the time line; all stays in the address', async () => {
    const { page, close } = await open(`?at=${startOf(1)}`);
    const slider = page.getByRole('slider', { name: 'Network RTT, window' }).first();
    assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /p99 7 ms, median 90 µs$/);
    // Twice in a row: a step goes on from the one before, whether its answer is there or not.
    await slider.press('ArrowLeft');
    await slider.press('ArrowLeft');
    await hashHas(page, `at=${startOf(GAP)}`);
    assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /: no data$/);
    await slider.press('Home');
    await hashHas(page, `at=${startOf(WINDOWS - 1)}`);
    const box = await slider.boundingBox();
    assert.ok(box);
    await slider.click({ position: { x: box.width - 14, y: 40 } });
    await hashHas(page, `at=${startOf(0)}`);
    await page.getByRole('button', { name: 'Live' }).click();
    await page.waitForURL(({ hash }) => !hash.includes('at='));
    await page.getByRole('button', { name: 'One window back' }).click();
    await hashHas(page, 'at=');
    await close();
  });

  test('pointing at a chart tells the values there, and going away those of the cursor', async () => {
    const { page, close } = await open(`?at=${startOf(1)}`);
    const figure = page.locator('.history-chart').first();
    const svg = figure.locator('svg.chart');
    const readingIs = (pattern: RegExp) => figure.locator('output').filter({ hasText: pattern }).waitFor();
    await readingIs(/p99 7 ms/);
    const { width = 0 } = (await svg.boundingBox()) ?? {};
    const room = (width - 72) / WINDOWS;
    await svg.hover({ position: { x: 62 + room * (WINDOWS - GAP - 0.5), y: 50 } });
    await readingIs(/^no data/);
    await page.mouse.move(5, 5);
    await readingIs(/p99 7 ms/);
    await close();
  });

  test('delay and transport are chosen; the distribution and the paths follow', async () => {
    const { page, close } = await open(`?at=${startOf(0)}`);
    const heading = (name: RegExp) => page.getByRole('heading', { name }).waitFor();
    await heading(/^Distribution of Network RTT/);
    const words = page.locator('.cdf figcaption p');
    assert.match((await words.first().textContent()) ?? '', /20 answers; 50 % within 9[0-9.]+ µs.*all within 7 ms/);
    const paths = page.getByRole('region', { name: 'Paths' });
    const rows = await paths.locator('tbody tr').allTextContents();
    assert.deepEqual(
      rows.map((row) => row.replaceAll(/\s+/g, ' ')),
      ['290 µs90 µs90 µs0 %10', '107 ms7 ms7 ms0 %10', 'all90 µs7 ms7 ms0 %20'],
      'a number, three durations, loss, sent',
    );
    await page.getByRole('button', { name: 'Prober delay', exact: true }).click();
    await heading(/^Distribution of Prober delay/);
    assert.match(selected(page), /delay=prober_delay/);
    await page.getByRole('button', { name: 'TCP' }).click();
    await page.getByText('per_path: true').waitFor();
    assert.match(selected(page), /transport=tcp/);
    assert.equal(await page.getByRole('button', { name: 'TCP' }).getAttribute('aria-pressed'), 'true');
    await close();
  });

  test('into the grid at the same window, the other way round, and to its hosts', async () => {
    const { page, close } = await open();
    await page.getByRole('slider', { name: 'Loss, window' }).first().press('Home');
    await hashHas(page, `at=${startOf(WINDOWS - 1)}`);
    await page.getByRole('link', { name: 'In the grid' }).click();
    await hashHas(page, '#/grid?', `at=${startOf(WINDOWS - 1)}`);
    await page.goBack();
    await page.getByRole('link', { name: 'Other way round' }).click();
    await hashHas(page, `#/pair/${PEER}/${HOST}`);
    await page.getByRole('heading', { level: 1 }).getByRole('link', { name: HOST }).click();
    await hashHas(page, `#/host/${HOST}`);
    await close();
  });

  test('a pair of pods is shown like one of hosts, without paths', async () => {
    const { page, close } = await open('?level=pod', 'dc1%2Fp1/dc1%2Fp2');
    assert.match((await page.getByRole('heading', { level: 1 }).textContent()) ?? '', /Pod dc1\/p1 → dc1\/p2/);
    assert.equal(await page.getByRole('heading', { name: /^Paths/ }).count(), 0);
    await close();
  });

  test('new windows show by themselves', async () => {
    const { page, close } = await open();
    const end = page.getByRole('slider', { name: 'Loss, window' }).first();
    const last = Number(await end.getAttribute('aria-valuemax'));
    // The clock of the server is the system's: a window may end one after now.
    const metric = probe({ src: HOST, dst: PEER, networkNs: [1000] });
    await server.write([{ ...metric, timeNs: BigInt(endOf(-1)) * 1_000_000n }]);
    await page
      .locator(`.charts svg.chart[aria-valuemax="${last + 1}"]`)
      .first()
      .waitFor();
    await close();
  });

  test('a pair that nobody knows, and a window that is not kept, are told in words', async () => {
    const unknown = await browser.open(`${server.url}/#/pair/${HOST}/nobody`);
    await unknown.page.getByText('No probes of this pair').waitFor();
    await unknown.close();
    const { page, close } = await open('?at=5');
    await page.getByRole('heading', { name: /this window is not kept/ }).waitFor();
    await close();
  });

  test('names that try to be script are text, here and on the pages of hosts', async () => {
    const name = '<img src=x onerror="document.title=`ran`">';
    await server.write([
      { ...probe({ src: name, dst: '</h1><script>', networkNs: [5] }), timeNs: BigInt(endOf(0)) * 1_000_000n },
    ]);
    const pair = await open('', `${encodeURIComponent(name)}/${encodeURIComponent('</h1><script>')}`);
    assert.match(
      (await pair.page.getByRole('heading', { level: 1 }).textContent()) ?? '',
      /<img src=x.*→ <\/h1><script>/,
    );
    await pair.page.goto(`${server.url}/#/host/${encodeURIComponent(name)}`);
    await pair.page.getByRole('region', { name: /^Its row/ }).waitFor();
    assert.equal(await pair.page.locator('main img').count(), 0);
    assert.notEqual(await pair.page.title(), 'ran');
    assert.deepEqual(pair.faults, []);
    await pair.close();
  });
});
