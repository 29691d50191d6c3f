import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { noBrowser, TestBrowser } from '../support/browser.js';
import { fillDetailMesh, HOST, hashHas, PEER } from './detail-mesh.js';
import { DetailSite } from './detail-site.js';
import { MeshServer } from './mesh-server.js';

describe('the worst pairs', { skip: noBrowser }, () => {
  const { server, browser, endOf } = new DetailSite();

  const open = async (query = '') => {
    const opened = await browser.open(`${server.url}/#/worst${query}`);
    await opened.page.locator('table.sorted').waitFor();
    return opened;
  };
  const firstRow = (page: Page) => page.locator('tbody tr').first();
  const until = (page: Page, caption: RegExp) => page.locator('caption', { hasText: caption }).waitFor();

  test('the slowest pair comes first; loss puts the one that never answers there', async () => {
    const { page, faults, close } = await open();
    assert.match((await firstRow(page).textContent()) ?? '', new RegExp(`^${HOST}${PEER}7 ms`));
    await page.getByLabel('Figure').selectOption('loss');
    await until(page, /loss$/);
    assert.match((await firstRow(page).textContent()) ?? '', new RegExp(`^d1p2t1-h4${HOST}100 %no answer`));
    assert.match(page.url(), /stat=loss/);
    assert.deepEqual(faults, []);
    await close();
  });

  test('delay, level and transport are chosen and stay in the address', async () => {
    const { page, close } = await open();
    await page.getByRole('button', { name: 'Prober delay', exact: true }).click();
    await until(page, /Prober delay p99$/);
    await page.getByRole('button', { name: 'Pod' }).click();
    await until(page, /^The 4 pairs/);
    assert.match((await firstRow(page).textContent()) ?? '', /^dc1\/p1dc1\/p1/);
    await page.getByRole('button', { name: 'TCP' }).click();
    await hashHas(page, 'transport=tcp');
    assert.match(page.url(), /level=pod/);
    await page.reload();
    await until(page, /^The 4 pairs/);
    assert.equal(await page.getByRole('button', { name: 'TCP' }).getAttribute('aria-pressed'), 'true');
    await close();
  });

  test('sorted by any column, and still so when new windows come', async () => {
    const { page, close } = await open();
    const loss = page.getByRole('columnheader', { name: 'Loss' });
    await loss.getByRole('button').click();
    assert.equal(await loss.getAttribute('aria-sort'), 'descending');
    const before = await page.locator('tbody tr td:first-child').allTextContents();
    // One window more; what is settled now has the same rows once more, and so twice as many probes.
    await fillDetailMesh(server, endOf(-1));
    await page.getByRole('cell', { name: '40', exact: true }).first().waitFor();
    assert.equal(await loss.getAttribute('aria-sort'), 'descending');
    assert.equal(before.length, await page.locator('tbody tr').count());
    await close();
  });

  test('to the pair and to its hosts; what is chosen goes along', async () => {
    const { page, close } = await open('?delay=network_rtt');
    await firstRow(page)
      .getByRole('link', { name: /^History of/ })
      .click();
    await hashHas(page, `#/pair/${HOST}/${PEER}`);
    assert.match(page.url(), /delay=network_rtt/);
    await page.goBack();
    await firstRow(page).getByRole('link', { name: PEER, exact: true }).click();
    await hashHas(page, `#/host/${PEER}`);
    await close();
  });
});

test('a grid without rows says so in the place of pairs', { skip: noBrowser }, async (t) => {
  const [server, browser] = [new MeshServer(), new TestBrowser()];
  t.after(async () => {
    await Promise.all([server.stop(), browser.stop()]);
  });
  await Promise.all([server.start(), browser.start()]);
  const { page } = await browser.open(`${server.url}/#/worst`);
  await page.getByText('No rows yet').waitFor();
});
