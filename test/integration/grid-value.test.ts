/**
 * From a probe to what an operator reads: what the API and the page say of a pair is what follows from the records that the
 * agent itself wrote: buckets and counts added up here, by the definitions alone.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, formatRatio, formatTime } from '../../dashboard/src/ui/format.js';
import { GridDriver } from '../dashboard/grid-driver.js';
import { noBrowser, TestBrowser } from '../support/browser.js';
import { fetchUrl } from '../support/http-client.js';
import { waitFor } from '../support/wait-for.js';
import { reflectorPort, runAgent, writtenFile } from './row-agents.js';

const TOKEN = 'token-of-the-agents-0123456789';
const [WINDOWS, WINDOW_MS] = [3, 1000];
const DELAYS = ['network_rtt', 'prober_delay', 'responder_delay'] as const;
const file = [{ path: 'stdout', format: 'json', namepass: ['probe'] }];

test('a value in the grid and on its pages equals the one computed from the records', {
  skip: noBrowser,
}, async (t) => {
  const listener = await runAgent(t, 'grid', {
    inputs: { 'mesh-listener': [{ listen: '127.0.0.1:0', tokens: { agent: [TOKEN] } }] },
    outputs: { 'mesh-grid': [{ listen: '127.0.0.1:0' }] },
  });
  const urlOf = (plugin: string) =>
    listener.until(`${plugin} listens`, ({ stderr }) =>
      stderr
        .split('\n')
        .map((line) => (line.includes(plugin) ? /"url":"(http:[^"]+?)\/?"/.exec(line)?.[1] : undefined))
        .find((url) => url !== undefined),
    );
  const [rows, grid] = [await urlOf('mesh-listener'), await urlOf('mesh-grid')];
  const common = { interval: '20ms', timeout: '200ms', mode: 'mesh', transport: 'udp', labels: { tor: 't2' } };
  const targets = [
    { ...common, dst: 'answers', address: '127.3.2.1', port: await reflectorPort(t) },
    { ...common, dst: 'silent', address: '127.3.2.2', port: 9 },
  ];
  const agent = await runAgent(t, 'host-a', {
    inputs: { pinglist: [{ file: await writtenFile(t, { version: 1, targets }) }], udp: [{ listen: '127.3.2.9:0' }] },
    outputs: { file, 'mesh-grid': [{ url: rows, token: TOKEN }] },
  });
  await agent.until('it has measured', ({ stdout }) => linesOf(stdout, 'answers').length > WINDOWS);
  agent.kill('SIGTERM');
  const { stdout } = await agent.exit;

  const answers = linesOf(stdout, 'answers');
  const startMs = startOf(answers[1]);
  const within = (lines: readonly Line[]) => lines.filter((line) => startOf(line) === startMs);
  const [own, all] = [summed(within(answers)), summed(within(linesOf(stdout)))];
  assert.ok(own.success > 0 && all.timeout > 0, 'there is something to compare');
  const pathOf = (src: string, dst: string) => `v1/pairs/${encodeURIComponent(src)}/${encodeURIComponent(dst)}`;
  const window = (path: string, sent: number) => {
    let said = '';
    const look = async () => {
      said = (await fetchUrl(`${grid}/${path}`)).body.toString();
      const { windows = [] } = JSON.parse(said) as { windows?: PairWindow[] };
      return windows.find(({ start_ms, counts }) => start_ms === startMs && counts.sent >= sent);
    };
    return waitFor(`${sent} probes in the window of ${startMs} at ${path}`, look, {
      needs: [listener],
      seen: () => said,
    });
  };
  const pair = await window(pathOf('host-a', 'answers'), own.sent);
  const tors = await window(`${pathOf('-/-/t1', '-/-/t2')}?level=tor`, all.sent);
  for (const [found, expected] of [
    [pair, own],
    [tors, all],
  ] as const) {
    assert.deepEqual([found.counts.sent, found.counts.timeout], [expected.sent, expected.timeout]);
    assert.equal(found.loss, expected.timeout / expected.sent);
    for (const name of DELAYS) {
      const values = expected[name];
      const figures = found[name];
      assert.deepEqual([figures?.count, figures?.min, figures?.max], [values.count, values.min, values.max], name);
      for (const [stat, q] of [
        ['p50', 0.5],
        ['p90', 0.9],
        ['p99', 0.99],
      ] as const)
        assert.equal(figures?.[stat], Math.round(quantile(values, q)), `${name} ${stat}`);
    }
  }

  const browser = new TestBrowser();
  t.after(() => browser.stop());
  await browser.start();
  const { page } = await browser.open(`${grid}/#/grid?level=host&stat=p99&at=${startMs}`);
  const driver = new GridDriver(page);
  await driver.ready();
  await driver.point('host-a', 'answers');
  const shown = await driver.details();
  const [p50, p99] = [0.5, 0.99].map((q) => formatDuration(Math.round(quantile(own.network_rtt, q))));
  assert.deepEqual([shown.median, shown.p99, shown.sent], [p50, p99, String(own.sent)]);

  await page.goto(`${grid}/#/pair/host-a/answers?at=${startMs}`);
  const direction = page.getByRole('region', { name: 'host-a → answers' });
  await direction.getByText('Values as a table').click();
  const row = direction.getByRole('row', { name: formatTime(startMs) });
  const delays = DELAYS.flatMap((name) => [0.5, 0.99].map((q) => formatDuration(Math.round(quantile(own[name], q)))));
  const expected = [...delays, formatRatio(own.timeout / own.sent), String(own.sent)];
  assert.deepEqual(await row.getByRole('cell').allTextContents(), expected);
});

/** As outputs/file writes a distribution. */
interface WrittenValues {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly offset: number;
  readonly buckets: readonly number[];
}

interface Values {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** By index of scale 5. */
  readonly buckets: ReadonlyMap<number, number>;
}
interface Line {
  readonly tags: { readonly dst: string };
  readonly fields: Readonly<Record<'sent' | 'success' | 'timeout', number>> &
    Readonly<Partial<Record<(typeof DELAYS)[number], WrittenValues>>>;
  /** Of the window's end. */
  readonly time: string;
}
type Figures = Readonly<Record<'p50' | 'p90' | 'p99' | 'min' | 'max' | 'count', number>>;
type PairWindow = Readonly<Record<(typeof DELAYS)[number], Figures | null>> & {
  readonly start_ms: number;
  readonly loss: number;
  readonly counts: { readonly sent: number; readonly timeout: number };
};

function linesOf(stdout: string, dst?: string): Line[] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1).split('\n');
  const lines = whole.filter(Boolean).map((line) => JSON.parse(line) as Line);
  return dst === undefined ? lines : lines.filter(({ tags }) => tags.dst === dst);
}

function startOf(line: Line | undefined): number {
  return Date.parse(line?.time ?? '') - WINDOW_MS;
}

function summed(lines: readonly Line[]) {
  const total = (name: 'sent' | 'success' | 'timeout') => lines.reduce((sum, { fields }) => sum + fields[name], 0);
  const [network_rtt, prober_delay, responder_delay] = DELAYS.map((name) =>
    merged(lines.flatMap(({ fields }) => fields[name] ?? [])),
  ) as [Values, Values, Values];
  const counts = { sent: total('sent'), success: total('success'), timeout: total('timeout') };
  return { ...counts, network_rtt, prober_delay, responder_delay };
}

function merged(written: readonly WrittenValues[]): Values {
  const buckets = new Map<number, number>();
  for (const { offset, buckets: counts } of written)
    for (const [i, count] of counts.entries()) buckets.set(offset + i, (buckets.get(offset + i) ?? 0) + count);
  return {
    count: written.reduce((sum, { count }) => sum + count, 0),
    min: Math.min(...written.map(({ min }) => min)),
    max: Math.max(...written.map(({ max }) => max)),
    buckets,
  };
}

/** The nearest rank; within a bucket its geometric middle, kept between min and max; the last rank is the maximum. */
function quantile({ count, min, max, buckets }: Values, q: number): number {
  const rank = Math.max(1, Math.ceil(q * count));
  if (rank === count) return max;
  const populated = [...buckets].filter(([, values]) => values > 0).sort(([a], [b]) => a - b);
  // Values of 0 are in none.
  let seen = count - populated.reduce((sum, [, values]) => sum + values, 0);
  if (rank <= seen) return 0;
  for (const [index, values] of populated) {
    seen += values;
    if (seen >= rank) return Math.min(Math.max(2 ** ((index + 0.5) / 32) * 1e9, min), max);
  }
  throw new Error('the buckets hold fewer values than are counted');
}
