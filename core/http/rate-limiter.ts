/**
 * How many requests an address may make: a token bucket each. Addresses of one IPv6 /64 share a bucket, since whoever has
 * one of them has all of them. Memory is bounded: beyond `MAX_BUCKETS` new addresses share one bucket until old ones are
 * full again.
 */

import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.js';

interface Bucket {
  tokens: number;
  atMs: number;
}

const MAX_BUCKETS = 65_536;
/** A burst may be this many seconds' worth: agents behind one address come back together after an outage. */
const BURST_S = 5;
const SWEEP_MS = 1000;
const SHARED = '';

export class RateLimiter {
  readonly #clock: Clock;
  readonly #ratePerMs: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();
  #sweptMs = Number.NEGATIVE_INFINITY;

  /** `rate`: requests a second in the long run. */
  constructor(rate: number, clock: Clock) {
    this.#clock = clock;
    this.#ratePerMs = rate / 1e3;
    this.#burst = rate * BURST_S;
  }

  /** Takes one request of `address`: 0 when it may be served, otherwise ms until the next one may. */
  take(address: string): number {
    const bucket = this.#bucket(networkOf(address));
    const nowMs = this.#clock.monotonicMs();
    bucket.tokens = this.#tokens(bucket, nowMs);
    bucket.atMs = nowMs;
    if (bucket.tokens < 1) return (1 - bucket.tokens) / this.#ratePerMs;
    bucket.tokens -= 1;
    return 0;
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  #tokens(bucket: Bucket, nowMs: number): number {
    return Math.min(this.#burst, bucket.tokens + (nowMs - bucket.atMs) * this.#ratePerMs);
  }

  #bucket(network: string): Bucket {
    const known = this.#buckets.get(network);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MAX_BUCKETS) this.#forgetFull();
    const isFull = this.#buckets.size >= MAX_BUCKETS && network !== SHARED;
    if (isFull) return this.#bucket(SHARED);
    const bucket = { tokens: this.#burst, atMs: this.#clock.monotonicMs() };
    this.#buckets.set(network, bucket);
    return bucket;
  }

  /** A full bucket is like a new one. Looking for them is what a flood of addresses may not make us do all the time. */
  #forgetFull(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    for (const [network, bucket] of this.#buckets) {
      if (this.#tokens(bucket, nowMs) >= this.#burst) this.#buckets.delete(network);
    }
  }
}

/** The first 64 bits of an IPv6 address, unless it is an IPv4 one in disguise. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (tail !== undefined) while (groups.length + tail.split(':').length < 8) groups.push('0');
  return groups.slice(0, 4).join(':');
}
