/**
 * How a program without a native prober would measure: the time from `net.connect` to its callback. Connects PORT of one
 * loopback host after the other at RATE a second, resets each connection and prints the quantiles as JSON.
 */

import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { loopbackAddress } from './loopback.js';

export interface NetConnectResult {
  readonly p50Ns: number;
  readonly p99Ns: number;
}

const [port = 0, connects = 0, rate = 1] = process.argv.slice(2).map(Number);
console.log(JSON.stringify(await measure()));

async function measure(): Promise<NetConnectResult> {
  const times: number[] = [];
  const start = performance.now();
  for (let i = 0; i < connects; i++) {
    // Timers have whole milliseconds: waiting for a time, not for an interval, keeps the rate.
    const waitMs = start + (i * 1000) / rate - performance.now();
    if (waitMs > 0) await delay(waitMs);
    times.push(await connectTimeNs(loopbackAddress(i % rate)));
  }
  times.sort((a, b) => a - b);
  const quantile = (q: number): number => times[Math.floor((times.length - 1) * q)] ?? Number.NaN;
  return { p50Ns: quantile(0.5), p99Ns: quantile(0.99) };
}

function connectTimeNs(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = process.hrtime.bigint();
    const socket = connect({ host, port, autoSelectFamily: false }, () => {
      const ns = Number(process.hrtime.bigint() - begin);
      socket.resetAndDestroy();
      resolve(ns);
    });
    socket.once('error', reject);
  });
}
