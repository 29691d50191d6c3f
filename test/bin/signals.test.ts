import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Signals } from '../../bin/signals.js';

function setUp(t: TestContext): { signals: Signals; exits: number[] } {
  const exits: number[] = [];
  const signals = new Signals((code) => exits.push(code));
  t.after(() => signals.release());
  return { signals, exits };
}

function send(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): void {
  process.emit(signal, signal);
}

test('a SIGHUP that came before anybody listened is remembered, once', async (t) => {
  const { signals } = setUp(t);
  let reloads = 0;
  send('SIGHUP');
  send('SIGHUP');
  signals.onHangUp(() => {
    reloads += 1;
  });
  await Promise.resolve();
  assert.equal(reloads, 1);
  send('SIGHUP');
  assert.equal(reloads, 2);
});

test('the first signal stops, the second ends at once with its code', (t) => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const { signals, exits } = setUp(t);
    send(signal);
    assert.equal(signals.stop.aborted, true);
    assert.deepEqual(exits, []);
    send(signal);
    assert.deepEqual(exits, [code]);
    signals.release();
  }
});

test('a stop that was not a signal leaves the first signal graceful', (t) => {
  const { signals, exits } = setUp(t);
  signals.requestStop('standard input closed');
  send('SIGINT');
  assert.deepEqual(exits, []);
});

test('release gives the signals back, and what came before takes effect', () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const before = process.listenerCount(signal);
    const exits: number[] = [];
    const signals = new Signals((exit) => exits.push(exit));
    send(signal);
    signals.release();
    assert.deepEqual(exits, [code]);
    assert.equal(process.listenerCount(signal), before);
  }
});
