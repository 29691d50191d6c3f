import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawDemo } from '../../../bin/demo/grid.js';
import type { Summary } from '../../../bin/demo/mesh.js';
import { Paint } from '../../../bin/demo/paint.js';
import type { AgentView, DemoView, PairView } from '../../../bin/demo/view.js';

const ROOMY = { columns: 200, rows: 100 };
const plain = new Paint(1);
const GOOD: Summary = {
  sent: 100,
  success: 100,
  timeout: 0,
  sendError: 0,
  invalid: 0,
  loss: 0,
  p50Ns: 1200,
  p99Ns: 1900,
};

function agent(i: number, change: Partial<AgentView> = {}): AgentView {
  const prometheusUrl = `http://127.0.0.${i}:9273/metrics`;
  return {
    name: `host-${i}`,
    address: `127.0.0.${i}`,
    state: 'up',
    pid: i,
    deaths: 0,
    lastDeath: undefined,
    prometheusUrl,
    ...change,
  };
}

function view(hosts: number, change: Partial<DemoView> = {}, cell: (src: number, dst: number) => Summary = () => GOOD) {
  const indices = Array.from({ length: hosts }, (_, i) => i + 1);
  const pairs = indices.flatMap((src) =>
    indices.flatMap((dst): PairView[] =>
      src === dst ? [] : [{ src: `host-${src}`, dst: `host-${dst}`, ...cell(src, dst) }],
    ),
  );
  return {
    elapsedMs: 12_345,
    historyMs: 10_000,
    directory: '/dir',
    agents: indices.map((i) => agent(i)),
    pairs,
    total: GOOD,
    probesPerSecond: 560,
    ...change,
  };
}

test('a cell shows p99 and loss; the diagonal is empty', () => {
  const lost: Summary = { ...GOOD, timeout: 4, loss: 0.04, p99Ns: 2_500_000 };
  const lines = drawDemo(
    view(3, {}, (src, dst) => (src === 1 && dst === 3 ? lost : GOOD)),
    ROOMY,
    plain,
  );
  assert.equal(lines[4], `host-1 ${''.padEnd(11)}   1.9µs 0%   2.5ms 4%`);
  assert.equal(lines[5], `host-2    1.9µs 0%${''.padEnd(11)}   1.9µs 0%`);
  assert.match(lines[1] ?? '', /^3 of 3 agents up · 560 probes\/s · loss 0% · network RTT p50 1\.2µs, p99 1\.9µs$/);
});

test('eight hosts fit eighty columns with both figures, whatever the figures are', () => {
  const worst: Summary = { ...GOOD, loss: 0.99, p99Ns: 123_000 };
  const lines = drawDemo(
    view(8, {}, () => worst),
    { columns: 80, rows: 100 },
    plain,
  );
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.equal(lines[4]?.match(/123µs 99%/g)?.length, 7);
});

test('less room means less detail, never a broken line', () => {
  for (const columns of [1, 12, 20, 30, 40, 60, 80, 100, 120]) {
    for (const hosts of [2, 8, 64]) {
      for (const line of drawDemo(view(hosts), { columns, rows: 100 }, plain)) {
        assert.ok(line.length <= columns, `${columns} columns: ${line}`);
      }
    }
  }
  assert.equal(drawDemo(view(8), { columns: 26, rows: 100 }, plain)[4], 'host-1    . . . . . . .');
  assert.equal(drawDemo(view(8), { columns: 80, rows: 5 }, plain).length, 5);
});

test('a pair that nothing was heard of is told apart from one that fails', () => {
  const silent: Summary = { ...GOOD, success: 0, timeout: 9, loss: 1, p50Ns: undefined, p99Ns: undefined };
  const unsent: Summary = { ...silent, timeout: 0, sendError: 9, loss: undefined };
  const words = (shown: DemoView): string[] | undefined => drawDemo(shown, ROOMY, plain)[4]?.split(/ +/);
  assert.deepEqual(words(view(2, {}, () => silent)), ['host-1', '–', '100%']);
  assert.deepEqual(words(view(2, {}, () => unsent)), ['host-1', 'error']);
  assert.deepEqual(words(view(2, { pairs: [] })), ['host-1', '·']);
});

test('colours say the same as the figures, and only when the terminal has them', () => {
  const slow: Summary = { ...GOOD, p99Ns: 500_000 };
  const row = (summary: Summary, depth: number): string =>
    drawDemo(
      view(2, {}, () => summary),
      ROOMY,
      new Paint(depth),
    )[4] ?? '';
  assert.ok(row(GOOD, 4).includes('\u001b[32m'));
  assert.ok(row(slow, 4).includes('\u001b[33m'));
  assert.ok(row({ ...GOOD, loss: 0.02 }, 4).includes('\u001b[1;31m'));
  assert.ok(!row(GOOD, 1).includes('\u001b'));
});

test('an agent that died is named with its reason', () => {
  const agents = [agent(1), agent(2, { deaths: 2, lastDeath: 'signal SIGKILL', state: 'starting' })];
  const text = drawDemo(view(2, { agents }), ROOMY, plain).join('\n');
  assert.match(text, /1 of 2 agents up/);
  assert.match(text, /host-2 ended \(signal SIGKILL\), 2×; now starting/);
});
