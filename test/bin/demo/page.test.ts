import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../../bin/demo/mesh.js';
import { drawDemo } from '../../../bin/demo/page.js';
import { Paint } from '../../../bin/demo/paint.js';
import type { DemoView } from '../../../bin/demo/view.js';
import { demoAgent, demoController, demoGrid, demoView, GOOD, transportView } from '../../support/demo-view.js';

const ROOMY = { columns: 200, rows: 100 };
const plain = new Paint(1);

/** With one transport: title, controller, total, blank, header, then a line for each host. */
const FIRST_ROW = 5;

test('a cell shows p99 and loss; the diagonal is empty', () => {
  const lost: Summary = { ...GOOD, timeout: 4, loss: 0.04, p99Ns: 2_500_000 };
  const lines = drawDemo(
    demoView(3, {}, (src, dst) => (src === 1 && dst === 3 ? lost : GOOD)),
    ROOMY,
    plain,
  );
  assert.equal(lines[FIRST_ROW], `host-1 ${''.padEnd(11)}   1.9µs 0%   2.5ms 4%`);
  assert.equal(lines[FIRST_ROW + 1], `host-2    1.9µs 0%${''.padEnd(11)}   1.9µs 0%`);
  assert.equal(lines[0], 'weft demo – grid http://127.0.0.1:20120/ · 3 of 3 agents up, running for 12 s');
  assert.equal(lines[1], 'Controller http://127.0.0.1:20118 · 3 of 3 agents registered');
  assert.equal(lines[2], 'UDP  560 probes/s · loss 0% · network RTT p50 1.2µs, p99 1.9µs');
});

test('eight hosts fit eighty columns with both figures, whatever the figures are', () => {
  const worst: Summary = { ...GOOD, loss: 0.99, p99Ns: 123_000 };
  const lines = drawDemo(
    demoView(8, {}, () => worst),
    { columns: 80, rows: 100 },
    plain,
  );
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.equal(lines[FIRST_ROW]?.match(/123µs 99%/g)?.length, 7);
});

test('less room means less detail, never a broken line', () => {
  for (const columns of [1, 12, 20, 30, 40, 60, 80, 100, 120]) {
    for (const hosts of [2, 8, 64]) {
      const transports = [transportView('udp', hosts), transportView('tcp', hosts)];
      for (const line of drawDemo(demoView(hosts, { transports }), { columns, rows: 100 }, plain)) {
        assert.ok(line.length <= columns, `${columns} columns: ${line}`);
      }
    }
  }
  assert.equal(drawDemo(demoView(8), { columns: 26, rows: 100 }, plain)[FIRST_ROW], 'host-1    . . . . . . .');
  assert.equal(drawDemo(demoView(8), { columns: 80, rows: 5 }, plain).length, 5);
});

test('a pair that nothing was heard of is told apart from one that fails and one that is refused', () => {
  const silent: Summary = { ...GOOD, success: 0, timeout: 9, loss: 1, p50Ns: undefined, p99Ns: undefined };
  const unsent: Summary = { ...silent, timeout: 0, sendError: 9, loss: undefined };
  const refused: Summary = { ...GOOD, refused: 100, p50Ns: undefined, p99Ns: undefined };
  const words = (shown: DemoView): string[] | undefined => drawDemo(shown, ROOMY, plain)[FIRST_ROW]?.split(/ +/);
  assert.deepEqual(words(demoView(2, {}, () => silent)), ['host-1', '–', '100%']);
  assert.deepEqual(words(demoView(2, {}, () => unsent)), ['host-1', 'error']);
  assert.deepEqual(words(demoView(2, {}, () => refused)), ['host-1', 'refused']);
  assert.deepEqual(words(demoView(2, { transports: [{ ...transportView('udp', 2), pairs: [] }] })), ['host-1', '·']);
});

test('colours say the same as the figures, and only when the terminal has them', () => {
  const slow: Summary = { ...GOOD, p99Ns: 500_000 };
  const row = (summary: Summary, depth: number): string =>
    drawDemo(
      demoView(2, {}, () => summary),
      ROOMY,
      new Paint(depth),
    )[FIRST_ROW] ?? '';
  assert.ok(row(GOOD, 4).includes('\u001b[32m'));
  assert.ok(row(slow, 4).includes('\u001b[33m'));
  assert.ok(row({ ...GOOD, loss: 0.02 }, 4).includes('\u001b[1;31m'));
  assert.ok(!row(GOOD, 1).includes('\u001b'));
});

test('an agent that died is named with its reason', () => {
  const agents = [demoAgent(1), demoAgent(2, { deaths: 2, lastDeath: 'signal SIGKILL', state: 'starting' })];
  const text = drawDemo(demoView(2, { agents }), ROOMY, plain).join('\n');
  assert.match(text, /1 of 2 agents up/);
  assert.match(text, /host-2 ended \(signal SIGKILL\), 2×; now starting/);
});

test('the controller is named with what it says, or that it says nothing', () => {
  const line = (change: Partial<DemoView>): string => drawDemo(demoView(3, change), ROOMY, plain)[1] ?? '';
  const agents = [demoAgent(1), demoAgent(2, { registration: 'stale' }), demoAgent(3, { registration: 'forgotten' })];
  assert.match(line({ agents }), / · 2 of 3 agents registered$/);
  assert.match(line({ controller: demoController({ answers: false }) }), / · no answer$/);
  assert.match(line({ controller: demoController({ state: 'restarting', answers: false }) }), / · restarting$/);
  const killed = demoController({ deaths: 1, lastDeath: 'signal SIGKILL' });
  const text = drawDemo(demoView(3, { agents, controller: killed }), ROOMY, plain).join('\n');
  assert.match(text, /^controller ended \(signal SIGKILL\), 1×; now up$/m);
  assert.match(text, /^host-2 is stale: .* still on all lists$/m);
  assert.match(text, /^host-3 is forgotten: .* on no list any more$/m);
  assert.doesNotMatch(text, /host-1 is/);
});

test('what may be tried names real processes, and nothing before they run', () => {
  const text = (change: Partial<DemoView>): string => drawDemo(demoView(3, change), ROOMY, plain).join('\n');
  assert.match(text({}), /kill -STOP 3 silences host-3/);
  assert.match(text({}), /kill -KILL 99 ends the controller/);
  assert.doesNotMatch(text({ controller: demoController({ pid: undefined }) }), /kill/);
});

test('what is hidden is said above the grid that is shown', () => {
  const transports = [transportView('udp', 8), transportView('tcp', 8)];
  const lines = drawDemo(demoView(8, { transports }), { columns: 80, rows: 23 }, plain);
  assert.deepEqual(
    lines.slice(2, 4).map((line) => line.slice(0, 3)),
    ['UDP', 'TCP'],
  );
  assert.match(lines[5] ?? '', /^TCP hidden: .*--transports tcp$/);
  assert.match(lines[6] ?? '', /^UDP +host-1/);
});

test('eighty columns and twenty-four rows are enough for eight hosts and two transports', () => {
  const transports = [transportView('udp', 8), transportView('tcp', 8)];
  const lines = drawDemo(demoView(8, { transports }), { columns: 80, rows: 24 }, plain);
  assert.equal(lines.filter((line) => line.startsWith('host-')).length, 16);
});

test('the first line names the grid, and says when its port is another one', () => {
  const grid = demoGrid({ url: 'http://127.0.0.1:1234', isMoved: true, state: 'starting' });
  assert.match(
    drawDemo(demoView(2, { grid }), ROOMY, plain)[0] ?? '',
    /^weft demo – grid http:\/\/127\.0\.0\.1:1234\/ starting · 2 of 2 agents up, running for \d+ s · port 20120 is taken$/,
  );
  const narrow = drawDemo(demoView(8, { grid: { ...grid, state: 'up' } }), { columns: 80, rows: 24 }, plain);
  assert.match(narrow[0] ?? '', /:1234\/ · 8 of 8 agents up, running for \d+ s/, 'clipped is what matters least');
});

test('a fault is told, and where to find it', () => {
  const lines = drawDemo(demoView(2, { fault: { kind: 'busy', host: 'host-2', amount: 5 } }), ROOMY, plain);
  assert.equal(lines[1], 'Fault      host-2 takes 5ms to answer, over UDP; its network is well');
  assert.ok(lines.some((line) => line.includes('/v1/worst?level=host&transport=udp&delay=responder_delay')));
});
