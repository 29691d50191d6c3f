/** Two engines on soft-RoCE without agents around them: what they measure, and how much they bear. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { EngineStats } from '../../native/index.js';
import { interval, Z_95 } from '../support/binomial.js';
import { onCoresOfTheirOwn } from './cores.js';
import { type EngineStep, LabEngine, type StepResult } from './engine.js';
import { SharedLab } from './lab.js';
import { sendLatency } from './perftest.js';
import { labUnavailable } from './unavailable.js';

/** The fewest that there can be. */
const RECEIVE_SLOTS = 256;
const TIMEOUT_US = 2_000_000;
/** As often as an agent may probe a pair. */
const INTERVAL_US = 10_000;
/** What ib_send_lat waits after each answer; it sends again after its round trip and this. */
const JUDGE_GAP_US = 500;
/** By so much the two may differ. */
const MAX_DIFFERENCE = 0.15;
/** A turn scatters by a tenth: they go on as long as that leaves open on which side of the limit the median is. */
const [FEWEST_TURNS, MOST_TURNS] = [15, 80];
/** For what is under way at the reflector when the prober has given up. */
const SETTLE_LIMIT_MS = 20_000;
/** Probes a second: from what every machine bears to what no emulation does. */
const RATES = [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000];
/** The table of probes and what is under way find their size; a leak of every probe would be more. */
const FLAT_BYTES = 8e6;

type ProbingPlan = { readonly targets: number; readonly intervalUs: number; readonly ms: number };

describe('two engines over RDMA', { skip: labUnavailable() ?? false }, () => {
  const lab = new SharedLab({ hosts: 2 });
  let prober: LabEngine;
  let reflector: LabEngine;

  before(async () => {
    const [a, b] = lab.guests;
    [prober, reflector] = await Promise.all([LabEngine.start(a, RECEIVE_SLOTS), LabEngine.start(b, RECEIVE_SLOTS)]);
    // The first probes of each path wait for their address handle, and those behind them are not sent.
    await probe({ targets: 8, intervalUs: INTERVAL_US, ms: 300 });
  });

  const stepOf = ({ ms, ...plan }: ProbingPlan): EngineStep => {
    const { gid, qpn } = reflector;
    return { ms, probing: { gid, qpn, timeoutUs: TIMEOUT_US, ...plan } };
  };
  const probe = (plan: ProbingPlan): Promise<StepResult> => prober.step(stepOf(plan));
  const statsOf = async (engine: LabEngine): Promise<EngineStats> => (await engine.step({ ms: 0 })).stats;
  /** Of the reflector, when of each answer both sends were completed, or it was dropped. */
  const answered = async (): Promise<EngineStats> => {
    for (const deadline = performance.now() + SETTLE_LIMIT_MS; ; ) {
      const there = await statsOf(reflector);
      const left = (there.reflector_received ?? 0) - (there.reflected ?? 0) - (there.reflector_dropped ?? 0);
      if (left === 0) return there;
      assert.ok(performance.now() < deadline, `${left} answers hold their slots`);
    }
  };

  it('read the network as ib_send_lat does', async (t) => {
    const [a, b] = lab.guests;
    const judgeNs = async (): Promise<number> =>
      2 * (await sendLatency(a, b, { iterations: 300, events: true, gapUs: JUDGE_GAP_US })).medianNs;
    const weftNs = async (intervalUs: number): Promise<number> =>
      (await probe({ targets: 1, intervalUs, ms: 400 })).networkP50Ns ?? Number.NaN;
    const ratios: number[] = [];
    await onCoresOfTheirOwn([a, b], async () => {
      // Both sleep while they wait for an answer, and send as often, though the judge's client spins until its gap is over:
      // a guest that is seldom asked answers more slowly. In turns, and beside the mean of the turns before and after: what
      // slows the machine down for a while slows down both.
      let before = await judgeNs();
      while (ratios.length < FEWEST_TURNS || (ratios.length < MOST_TURNS && !isClear(ratios))) {
        const weft = await weftNs(Math.round(before / 1000) + JUDGE_GAP_US);
        const after = await judgeNs();
        const judge = (before + after) / 2;
        ratios.push(weft / judge);
        t.diagnostic(`network_rtt ${Math.round(weft / 1000)} µs, twice ib_send_lat ${Math.round(judge / 1000)} µs`);
        before = after;
      }
    });
    const ratio = median(ratios);
    t.diagnostic(`median of the ratios of ${ratios.length} turns: ${ratio.toFixed(3)}`);
    assert.ok(isNear(ratio), `ratio ${ratio}`);
  });

  it('bear what emulation bears; what is more is lost, counted, and costs no slot', async (t) => {
    const atFirst = await statsOf(prober);
    const steps: StepResult[] = [];
    let borne = 0;
    for (const rate of RATES) {
      const step = await probe({ targets: (rate * INTERVAL_US) / 1e6, intervalUs: INTERVAL_US, ms: 1000 });
      steps.push(step);
      const { success = 0, timeout = 0, send_error: unsent = 0 } = step.records;
      const perSecond = Math.round((success / step.probedMs) * 1000);
      t.diagnostic(`${rate} probes/s asked: ${perSecond}/s answered, ${timeout} lost, ${unsent} not sent`);
      if (timeout + unsent > 0) break;
      borne = Math.max(borne, perSecond);
    }
    t.diagnostic(`borne without a loss: ${borne} probes/s`);

    const there = await answered();
    const here = await statsOf(prober);
    const since = (name: string): number => (here[name] ?? Number.NaN) - (atFirst[name] ?? Number.NaN);
    const recorded = (name: string): number => steps.reduce((sum, { records }) => sum + (records[name] ?? 0), 0);
    for (const result of ['success', 'timeout', 'send_error']) {
      assert.equal(recorded(result), since(result), `records of ${result}`);
    }
    assert.ok(since('success') > 0);
    assert.equal(since('invalid'), 0);
    assert.equal(since('success') + since('timeout'), since('sent'));
    assert.equal(since('send_error'), since('shed'));
    for (const name of ['failed_sends', 'failed_receives', 'malformed', 'unmatched'] as const) {
      assert.equal(since(name), 0, name);
    }
    for (const name of ['reflector_failed', 'reflector_malformed', 'reflector_unreachable'] as const) {
      assert.equal(there[name], 0, name);
    }
    assert.deepEqual([here.sessions, there.sessions], [1, 1], 'nobody had to begin anew');
    const [first, last] = [steps[0], steps.at(-1)].map((step) => step?.rssBytes ?? Number.NaN) as [number, number];
    t.diagnostic(`RSS of the prober ${Math.round(first / 1e6)} MB at first, ${Math.round(last / 1e6)} MB in the end`);
    assert.ok(last - first < FLAT_BYTES, `${last - first} bytes more`);

    // A reflector that does not run takes as many probes as it has buffers posted. All are, and there is a send slot for each.
    reflector.process.kill('SIGSTOP');
    const { ended } = await prober.begin(stepOf({ targets: 2 * RECEIVE_SLOTS, intervalUs: 1_000_000, ms: 1000 }));
    reflector.process.kill('SIGCONT');
    const { stats } = await ended;
    const more = (name: string): number => (stats[name] ?? Number.NaN) - (here[name] ?? Number.NaN);
    assert.ok(more('sent') > RECEIVE_SLOTS);
    assert.equal(more('success') + more('late'), RECEIVE_SLOTS);
    assert.equal((await statsOf(reflector)).reflector_dropped, there.reflector_dropped);
  });
});

const isNear = (ratio: number): boolean => Math.abs(ratio - 1) <= MAX_DIFFERENCE;

/** Whether the true median, of as many turns as one likes, is on one side of the limit. */
function isClear(ratios: readonly number[]): boolean {
  const sorted = ascending(ratios);
  // Half of all turns are below it; of these, with 95 %, a share within the interval.
  const { low, high } = interval(0.5, sorted.length, Z_95);
  const likely = sorted.slice(Math.floor(low * sorted.length) - 1, Math.ceil(high * sorted.length) + 1);
  return new Set(likely.map(isNear)).size === 1;
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
