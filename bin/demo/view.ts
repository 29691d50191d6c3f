/** What a demo shows at one moment: for people (page.ts draws it) and for scripts (one JSON line). */

import type { AgentProcess, AgentState } from './agent-process.js';
import type { Mesh, Summary } from './mesh.js';
import type { DemoTransport } from './transports.js';

export interface AgentView {
  readonly name: string;
  readonly address: string;
  readonly state: AgentState;
  readonly pid: number | undefined;
  readonly deaths: number;
  readonly lastDeath: string | undefined;
  /** Where to scrape it. */
  readonly prometheusUrl: string;
}

export interface PairView extends Summary {
  readonly src: string;
  readonly dst: string;
}

/** What was measured with one transport. */
export interface TransportView {
  readonly transport: DemoTransport;
  /** Those that have been measured, row by row. */
  readonly pairs: readonly PairView[];
  readonly total: Summary;
  readonly probesPerSecond: number;
}

export interface DemoView {
  readonly elapsedMs: number;
  /** The time the figures sum up, at most. */
  readonly historyMs: number;
  readonly directory: string;
  readonly agents: readonly AgentView[];
  /** At least one. */
  readonly transports: readonly TransportView[];
}

export function viewAgent(agent: AgentProcess): AgentView {
  const { host, state, pid, deaths, lastDeath } = agent;
  return {
    name: host.name,
    address: host.address,
    state,
    pid,
    deaths,
    lastDeath,
    prometheusUrl: `http://${host.address}:${host.prometheusPort}/metrics`,
  };
}

export function viewTransport(transport: DemoTransport, mesh: Mesh, names: readonly string[]): TransportView {
  const pairs = names.flatMap((src) =>
    names.flatMap((dst): PairView[] => {
      const summary = mesh.pair(transport, src, dst);
      return summary === undefined ? [] : [{ src, dst, ...summary }];
    }),
  );
  return { transport, pairs, total: mesh.total(transport), probesPerSecond: mesh.probesPerSecond(transport) };
}

/** Keys as everywhere in weft's JSON: snake_case, durations in ns. A figure that does not exist is null. */
export function toJsonLine(view: DemoView): string {
  const agents = view.agents.map((agent) => ({
    name: agent.name,
    address: agent.address,
    state: agent.state,
    pid: agent.pid ?? null,
    deaths: agent.deaths,
    prometheus: agent.prometheusUrl,
  }));
  const pairs = view.transports.flatMap(({ transport, pairs }) =>
    pairs.map(({ src, dst, ...summary }) => ({ transport, src, dst, ...summaryJson(summary) })),
  );
  const totals = Object.fromEntries(
    view.transports.map(({ transport, probesPerSecond, total }) => [
      transport,
      { probes_per_second: probesPerSecond, ...summaryJson(total) },
    ]),
  );
  return JSON.stringify({ elapsed_ms: Math.round(view.elapsedMs), totals, agents, pairs });
}

function summaryJson(summary: Summary): object {
  return {
    sent: summary.sent,
    success: summary.success,
    timeout: summary.timeout,
    send_error: summary.sendError,
    invalid: summary.invalid,
    refused: summary.refused,
    loss: summary.loss ?? null,
    network_rtt_p50: summary.p50Ns ?? null,
    network_rtt_p99: summary.p99Ns ?? null,
  };
}
