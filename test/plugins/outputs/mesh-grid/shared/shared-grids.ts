/** Grid servers over one Redis. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../../../../core/clock.js';
import type { Metric } from '../../../../../core/metric.js';
import { GridServer } from '../../../../../plugins/outputs/mesh-grid/grid-server.js';
import { fetchUrl } from '../../../../support/http-client.js';
import { MemoryLog } from '../../../../support/memory-log.js';
import { waitFor } from '../../../../support/wait-for.js';
import { END_MS, WINDOW_MS } from '../../../common/grid/store/probes.js';
import { configOf } from '../served.js';

/** The wall stands where the test says; everything else takes the time it takes. */
export class WallClock implements Clock {
  nowMs = END_MS + 3 * WINDOW_MS;
  readonly monotonicMs = systemClock.monotonicMs;
  readonly after = systemClock.after;

  nowNs(): bigint {
    return BigInt(this.nowMs) * 1_000_000n;
  }
}

export interface Told {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire.
  readonly json: any;
}

export interface SharedServer {
  readonly grid: GridServer;
  readonly log: MemoryLog;
  write(...metrics: readonly Metric[]): Promise<void>;
  ask(path: string): Promise<Told>;
}

export interface ServerOptions {
  readonly clock?: Clock;
  readonly windowMs?: number;
  readonly store?: object;
  /** Further options of the output. */
  readonly output?: object;
}

/** Undefined `url`: it shares nothing. */
export async function openServer(
  t: Pick<TestContext, 'after'>,
  url: string | undefined,
  { clock = new WallClock(), windowMs = WINDOW_MS, store = {}, output = {} }: ServerOptions = {},
): Promise<SharedServer> {
  const log = new MemoryLog();
  const agent = { hostname: 'grid', labels: {}, version: '0', windowMs };
  const context = { name: 'mesh-grid', log, clock, agent, board: undefined as never };
  const shared = url === undefined ? {} : { store: { type: 'redis', url, timeout: '30s', ...store } };
  const grid = new GridServer(configOf({ ...shared, ...output, rate_limit: 100_000 }), context);
  t.after(() => grid.close());
  await grid.connect(new AbortController().signal);
  return {
    grid,
    log,
    write: (...metrics) => grid.write(metrics),
    async ask(path) {
      const { status, headers, body } = await fetchUrl(`${grid.url}${path}`);
      return { status, headers, json: body.length > 0 ? JSON.parse(body.toString()) : undefined };
    },
  };
}

/** Everything that a server tells of its cells, in one order. */
export async function contents({ ask }: SharedServer): Promise<string> {
  const { json: known } = await ask('/v1/windows');
  const told: unknown[] = [];
  for (const { transport, windows } of known.transports) {
    for (const { start_ms: at, pairs } of windows) {
      told.push([transport, at, pairs]);
      for (const stat of ['p50', 'max', 'mean', 'count', 'sent', 'timeout']) {
        for (const level of ['host', 'tor']) {
          const { json } = await ask(
            `/v1/grid?transport=${transport}&at=${at}&stat=${stat}&level=${level}&delay=network_rtt`,
          );
          told.push([json.src, json.dst, json.values, json.states]);
        }
      }
    }
  }
  return JSON.stringify(told);
}

/** Waits until a server has all that Redis holds and is equal to another. */
export async function untilEqual(one: SharedServer, other: SharedServer): Promise<void> {
  const expected = await contents(other);
  let found = '';
  const look = async () => {
    found = await contents(one);
    return found === expected;
  };
  await waitFor('equal servers', look, { seen: () => ({ found, expected }) });
  assert.equal(await contents(one), expected);
}
