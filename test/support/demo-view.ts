/** What a demo of some hosts would show if every pair were the same. */

import type { Summary } from '../../bin/demo/mesh.js';
import type { DemoTransport } from '../../bin/demo/transports.js';
import type { AgentView, ControllerView, DemoView, GridView, PairView, TransportView } from '../../bin/demo/view.js';

export const GOOD: Summary = {
  sent: 100,
  success: 100,
  timeout: 0,
  sendError: 0,
  invalid: 0,
  refused: 0,
  loss: 0,
  p50Ns: 1200,
  p99Ns: 1900,
};

type Cell = (src: number, dst: number) => Summary;

const allGood: Cell = () => GOOD;

export function demoAgent(i: number, change: Partial<AgentView> = {}): AgentView {
  return {
    name: `host-${i}`,
    address: `127.0.0.${i}`,
    state: 'up',
    pid: i,
    deaths: 0,
    lastDeath: undefined,
    registration: 'active',
    prometheusUrl: `http://127.0.0.${i}:9273/metrics`,
    ...change,
  };
}

export function demoController(change: Partial<ControllerView> = {}): ControllerView {
  return {
    url: 'http://127.0.0.1:20118',
    answers: true,
    state: 'up',
    pid: 99,
    deaths: 0,
    lastDeath: undefined,
    ...change,
  };
}

export function demoGrid(change: Partial<GridView> = {}): GridView {
  const url = 'http://127.0.0.1:20120';
  return { url, isMoved: false, state: 'up', pid: 98, deaths: 0, lastDeath: undefined, ...change };
}

export function transportView(transport: DemoTransport, hosts: number, cell: Cell = allGood): TransportView {
  const indices = numbers(hosts);
  const pairs = indices.flatMap((src) =>
    indices.flatMap((dst): PairView[] =>
      src === dst ? [] : [{ src: `host-${src}`, dst: `host-${dst}`, ...cell(src, dst) }],
    ),
  );
  return { transport, pairs, total: GOOD, probesPerSecond: 560 };
}

/** By default of UDP alone. */
export function demoView(hosts: number, change: Partial<DemoView> = {}, cell: Cell = allGood): DemoView {
  return {
    elapsedMs: 12_345,
    historyMs: 10_000,
    directory: '/dir',
    fault: undefined,
    grid: demoGrid(),
    controller: demoController(),
    agents: numbers(hosts).map((i) => demoAgent(i)),
    transports: [transportView('udp', hosts, cell)],
    ...change,
  };
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
