import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimiter } from '../../../core/http/rate-limiter.js';
import { FakeClock } from '../../support/fake-clock.js';

function served(limiter: RateLimiter, address: string, asked: number): number {
  return Array.from({ length: asked }, () => limiter.take(address)).filter((waitMs) => waitMs === 0).length;
}

test('a burst of five seconds, then the rate; each address by itself', () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(10, clock);
  assert.equal(served(limiter, '10.0.0.1', 100), 50);
  assert.equal(limiter.take('10.0.0.1'), 100, 'ms until the next');
  assert.equal(served(limiter, '10.0.0.2', 100), 50);
  clock.stall(1000);
  assert.equal(served(limiter, '10.0.0.1', 100), 10);
  clock.stall(3_600_000);
  assert.equal(served(limiter, '10.0.0.1', 100), 50, 'no more than a burst is saved up');
});

test('an IPv6 /64 is one address, an IPv4 address in IPv6 form is not', () => {
  const limiter = new RateLimiter(1, new FakeClock());
  assert.equal(served(limiter, '2001:db8:1:2::1', 9), 5);
  assert.equal(served(limiter, '2001:db8:1:2:ffff::9', 9), 0);
  assert.equal(served(limiter, '2001:db8:1:3::1', 9), 5);
  assert.equal(served(limiter, '2001:db8::1', 9), 5);
  assert.equal(served(limiter, '::1', 9), 5);
  assert.equal(served(limiter, '::ffff:10.0.0.1', 9), 5);
  assert.equal(served(limiter, '::ffff:10.0.0.2', 9), 5);
});

test('a million addresses cost bounded memory, and old ones make room', () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(1, clock);
  for (let i = 0; i < 200_000; i += 1) limiter.take(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  assert.ok(limiter.size <= 65_537);
  assert.equal(served(limiter, '192.0.2.1', 1), 0, 'it shares what is left with all who came too late');
  clock.stall(10_000);
  assert.equal(served(limiter, '192.0.2.1', 9), 5);
  assert.ok(limiter.size < 10);
});
