import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { delay, systemClock } from '../../core/clock.js';
import { FakeClock } from '../support/fake-clock.js';

test('the wall clock follows a step of the system clock', () => {
  const stepped = mock.method(Date, 'now', () => 1_234);
  assert.equal(systemClock.nowNs(), 1_234_000_000n);
  stepped.mock.restore();
});

test('a wait longer than setTimeout can make is made of several', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const longest = 2 ** 31 - 1;
    let fired = 0;
    systemClock.after(longest + 1000, () => {
      fired += 1;
    });
    mock.timers.tick(longest);
    assert.equal(fired, 0);
    mock.timers.tick(1000);
    assert.equal(fired, 1);
  } finally {
    mock.timers.reset();
  }
});

test('a cancelled timer does not fire, not even after its first part', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const timer = systemClock.after(2 ** 31 + 10, () => assert.fail('cancelled'));
    mock.timers.tick(2 ** 31 - 1);
    timer.cancel();
    mock.timers.tick(1000);
  } finally {
    mock.timers.reset();
  }
});

test('a delay ends after its time', async () => {
  const clock = new FakeClock();
  let ended = false;
  const done = delay(clock, 1000).then(() => {
    ended = true;
  });
  await clock.advance(999);
  assert.equal(ended, false);
  await clock.advance(1);
  await done;
  assert.equal(clock.pending, 0);
});

test('a delay ends at once when its signal aborts, and leaves no timer', async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const done = delay(clock, 1000, controller.signal);
  controller.abort();
  await done;
  assert.equal(clock.pending, 0);
  await delay(clock, 1000, controller.signal);
});
