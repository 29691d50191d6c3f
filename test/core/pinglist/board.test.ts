import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type Board, createBoard } from '../../../core/pinglist/board.js';
import { MAX_TARGETS } from '../../../core/pinglist/limits.js';
import type { Logger } from '../../../core/plugin.js';
import type { Endpoint, Target } from '../../../core/target.js';
import { rdmaTarget, udpTarget } from './targets.js';

type Line = { level: string; message: string; fields: Record<string, unknown> };

function recordingLog(): Logger & { lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...fields } });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const list = (targets: readonly Target[], revision = 'r1') => ({ revision, targets });

describe('board', () => {
  let log: ReturnType<typeof recordingLog>;
  let board: Board;

  beforeEach(() => {
    log = recordingLog();
    board = createBoard({ log, maxRate: 100 });
  });

  test('a reader gets its transport only: at once and on every change', () => {
    const udp: number[] = [];
    const tcp: number[] = [];
    board.subscribe('udp', (targets) => udp.push(targets.length));
    board.subscribe('tcp', (targets) => tcp.push(targets.length));
    board.publish('a', list([udpTarget(), udpTarget({ address: '10.0.0.3' })]));
    board.publish('a', list([udpTarget()]));
    assert.deepEqual(udp, [0, 2, 1]);
    assert.deepEqual(tcp, [0]);
  });

  test('a list that differs in nothing wakes nobody', () => {
    const calls: (readonly Target[])[] = [];
    board.subscribe('udp', (targets) => calls.push(targets));
    board.publish('a', list([udpTarget({ labels: { tor: 't1' } })]));
    board.publish('a', list([udpTarget({ labels: { tor: 't1' } }), rdmaTarget()], 'r2'));
    assert.equal(calls.length, 2);
    for (const change of [{ labels: { tor: 't2' } }, { intervalMs: 900 }, { labels: {} }]) {
      const before = calls.length;
      board.publish('a', list([udpTarget({ labels: { tor: 't1' } })]));
      board.publish('a', list([udpTarget({ labels: { tor: 't1' }, ...change })]));
      assert.ok(calls.length > before, JSON.stringify(change));
    }
  });

  test('a second provider is refused until the first retracts', () => {
    board.publish('a', list([udpTarget()]));
    assert.throws(() => board.publish('b', list([])), { code: 'WEFT_PINGLIST', message: /a already does/ });
    board.retract('b');
    assert.equal(board.status().provider, 'a');
    board.retract('a');
    assert.deepEqual(board.status().targets, { udp: 0, tcp: 0, 'rdma-ud': 0 });
    board.publish('b', list([udpTarget()]));
    assert.equal(board.status().provider, 'b');
  });

  test('retracting tells the readers that nothing is left', () => {
    board.publish('a', list([udpTarget()]));
    const seen: number[] = [];
    const unsubscribe = board.subscribe('udp', (targets) => seen.push(targets.length));
    board.retract('a');
    assert.deepEqual(seen, [1, 0]);
    unsubscribe();
    board.publish('a', list([udpTarget()]));
    assert.deepEqual(seen, [1, 0]);
  });

  test('a list that is too long is refused and the old one stays', () => {
    board.publish('a', list([udpTarget()]));
    const target = udpTarget();
    const tooMany = new Array<Target>(MAX_TARGETS + 1).fill(target);
    assert.throws(() => board.publish('a', list(tooMany, 'r2')), { code: 'WEFT_PINGLIST', message: /100001 targets/ });
    assert.equal(board.status().revision, 'r1');
    assert.equal(board.status().targets.udp, 1);
  });

  test('one reader that throws keeps nothing from the others', () => {
    const seen: number[] = [];
    board.subscribe('udp', () => {
      throw new Error('broken reader');
    });
    board.subscribe('udp', (targets) => seen.push(targets.length));
    board.publish('a', list([udpTarget()]));
    assert.deepEqual(seen, [0, 1]);
    assert.equal(log.lines.filter((line) => line.level === 'error').length, 2);
  });

  test('a reader that leaves while the readers are being told is not told any more', () => {
    const seen: number[] = [];
    let leave = (): void => {};
    board.subscribe('udp', (targets) => {
      if (targets.length > 0) leave();
    });
    leave = board.subscribe('udp', (targets) => seen.push(targets.length));
    board.publish('a', list([udpTarget()]));
    assert.deepEqual(seen, [0]);
  });

  test('scaling is applied, reported once, and withdrawn', () => {
    const targets = Array.from({ length: 200 }, (_, i) => udpTarget({ address: `10.0.0.${i}` }));
    const intervals: number[] = [];
    board.subscribe('udp', (now) => intervals.push(now[0]?.intervalMs ?? 0));
    board.publish('a', list(targets));
    board.publish('a', list(targets, 'r2'));
    assert.deepEqual(intervals, [0, 2000]);
    const { scale, rate, requestedRate } = board.status();
    assert.deepEqual({ scale, rate, requestedRate }, { scale: 2, rate: 100, requestedRate: 200 });
    assert.equal(log.lines.filter((line) => line.level === 'warn').length, 1);
    board.setMaxRate(1000);
    assert.deepEqual(intervals, [0, 2000, 1000]);
    assert.equal(board.status().scale, 1);
    assert.equal(log.lines.at(-1)?.level, 'info');
  });

  test('a fresh list is asked for by any reader, of who listens', () => {
    const heard: string[] = [];
    const ignore = board.subscribeRefreshes((reason) => heard.push(`a ${reason}`));
    board.subscribeRefreshes((reason) => heard.push(`b ${reason}`));
    board.requestRefresh('one');
    ignore();
    board.requestRefresh('two');
    assert.deepEqual(heard, ['a one', 'b one', 'b two']);
  });

  test('whoever listens hears when a fresh list is asked for', () => {
    const heard: string[] = [];
    const ignore = board.subscribeRefreshes((reason) => heard.push(`a ${reason}`));
    board.subscribeRefreshes((reason) => heard.push(`b ${reason}`));
    board.requestRefresh('one');
    ignore();
    board.requestRefresh('two');
    assert.deepEqual(heard, ['a one', 'b one', 'b two']);
  });

  test('endpoints come and go', () => {
    const seen: string[][] = [];
    const endpoint = (port: number): Endpoint => ({ transport: 'udp', address: '10.0.0.1', port, attributes: {} });
    const takeBack = board.announce(endpoint(1));
    board.subscribeEndpoints(({ endpoints }) => seen.push(endpoints.map(({ port }) => String(port))));
    board.announce(endpoint(2));
    takeBack();
    takeBack();
    assert.deepEqual(seen, [['1'], ['1', '2'], ['2']]);
  });

  test('endpoints are complete once nobody expects more', () => {
    const seen: boolean[] = [];
    board.subscribeEndpoints(({ isComplete }) => seen.push(isComplete));
    const [endFirst, endSecond] = [board.expectEndpoints(), board.expectEndpoints()];
    endFirst();
    endFirst();
    assert.deepEqual(seen, [true, false]);
    endSecond();
    assert.deepEqual(seen, [true, false, true]);
  });
});
