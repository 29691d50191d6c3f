import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noBrowser } from '../support/browser.js';
import { HOST, hashHas, PEER } from './detail-mesh.js';
import { DetailSite } from './detail-site.js';
import { madeWindow } from './made-mesh.js';
import { WINDOW_MS } from './mesh-server.js';

describe('the page of a host', { skip: noBrowser }, () => {
  const { server, browser, endOf } = new DetailSite();

  const open = async (name = HOST, query = '') => {
    const opened = await browser.open(`${server.url}/#/host/${name}${query}`);
    await opened.page.getByRole('region', { name: /^Its row/ }).waitFor();
    return opened;
  };

  test('where it stands, its row and its column, the worst first', async () => {
    const { page, faults, close } = await open();
    assert.deepEqual(await page.locator('.facts dd a').allTextContents(), ['dc1', 'p1', 't1']);
    assert.match((await page.locator('.facts').textContent()) ?? '', /UDP: probes 7, probed by 7, windows: 7/);
    const row = page.getByRole('region', { name: /^Its row/ });
    const column = page.getByRole('region', { name: /^Its column/ });
    assert.equal(await row.locator('tbody tr').count(), 7);
    assert.match((await row.locator('tbody tr').first().textContent()) ?? '', new RegExp(`^${PEER}7 ms`));
    assert.match((await column.locator('tbody tr').first().textContent()) ?? '', /^d1p2t1-h4no answer.*100 %/);
    assert.match((await row.locator('p').first().textContent()) ?? '', /7 hosts together .* loss 0 % of 140 probes/);
    assert.match((await column.locator('p').first().textContent()) ?? '', /loss 14.3 % of 140 probes/);
    for (const name of [`From ${HOST}`, `To ${HOST}`])
      assert.equal(await page.getByRole('region', { name, exact: true }).locator('.history-chart').count(), 4);
    assert.deepEqual(faults, []);
    await close();
  });

  test('tables are sorted by the column that is pressed, and back', async () => {
    const { page, close } = await open();
    const row = page.getByRole('region', { name: /^Its row/ });
    const names = () => row.locator('tbody tr td:first-child').allTextContents();
    const head = row.getByRole('columnheader', { name: 'Host' });
    await head.getByRole('button').click();
    const ascending = await names();
    assert.deepEqual(ascending, [...ascending].sort());
    assert.equal(await head.getAttribute('aria-sort'), 'ascending');
    await head.getByRole('button').click();
    assert.deepEqual(await names(), ascending.toReversed());
    await row.getByRole('columnheader', { name: 'Network RTT p99' }).getByRole('button').click();
    assert.equal((await names())[0], PEER);
    assert.equal(await head.getAttribute('aria-sort'), null);
    await close();
  });

  test('from a row to the pair, from a label to its part of the grid', async () => {
    const { page, close } = await open();
    const column = page.getByRole('region', { name: /^Its column/ });
    await column.getByRole('link', { name: 'd1p2t1-h4' }).click();
    await hashHas(page, `#/pair/d1p2t1-h4/${HOST}`);
    await page.goBack();
    await page.locator('.facts').getByRole('link', { name: 'p1' }).click();
    await hashHas(page, '#/grid?', 'src_in=pod');
    await close();
  });

  test('transport, delay and window are chosen', async () => {
    const { page, close } = await open();
    await page.getByRole('button', { name: 'Responder delay', exact: true }).click();
    await page.getByRole('heading', { name: /^Distribution of Responder delay/ }).waitFor();
    await page.getByRole('button', { name: 'TCP' }).click();
    await hashHas(page, 'transport=tcp');
    await page.getByRole('button', { name: 'UDP' }).click();
    await page.getByRole('slider', { name: 'Loss, window' }).first().press('Home');
    await hashHas(page, `at=${endOf(7) - WINDOW_MS}`);
    await close();
  });

  test('patterns that name it stand there with their rule, with the way to the grid', async () => {
    const dead = 'd1p2t1-h1';
    for (const back of [1, 0])
      await server.write(
        madeWindow(
          {
            torsPerPod: 1,
            transport: 'rdma-ud',
            fault: (src, dst) => (src.name === dead ? 'silent' : dst.name === dead ? 'dead' : undefined),
          },
          endOf(back),
        ),
      );
    const { page, close } = await open(dead, '?transport=rdma-ud');
    const patterns = page.getByRole('region', { name: 'Patterns' });
    await patterns.getByText('it reports nothing').waitFor();
    await patterns.getByRole('link', { name: `host down ${dead}` }).click();
    await hashHas(page, '#/grid?', 'level=host');
    await close();
  });

  test('a host that nobody knows is told in words', async () => {
    const { page, close } = await browser.open(`${server.url}/#/host/nobody`);
    await page.getByText('No kept window has probes of or to the host "nobody".').waitFor();
    await close();
  });
});
