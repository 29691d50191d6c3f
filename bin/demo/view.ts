/** What a demo shows at one moment: for people (page.ts draws it) and for scripts (one JSON line). */

import type { DemoFault } from './fault.js';
import type { Mesh, Summary } from './mesh.js';
import { type DemoHost, GRID_PORT } from './plan.js';
import type { Registration, RegistryWatch } from './registry-watch.js';
import type { ProcessState, SupervisedProcess } from './supervised-process.js';
import type { DemoTransport } from './transports.js';

/** One process, as the demo sees it from outside. */
interface ProcessView {
  readonly state: ProcessState;
  readonly pid: number | undefined;
  /** How often it ended although nobody asked it to. */
  readonly deaths: number;
  readonly lastDeath: string | undefined;
}

export interface ControllerView extends ProcessView {
  /** Of its API, without a trailing slash. */
  readonly url: string;
  /** Whether it answered when it was last asked. */
  readonly answers: boolean;
}

export interface GridView extends ProcessView {
  /** Of its page and API, without a trailing slash. */
  readonly url: string;
  /** The port it always has is taken. */
  readonly isMoved: boolean;
}

export interface AgentView extends ProcessView {
  readonly name: string;
  readonly address: string;
  /** What the controller says of it; undefined while it says nothing. */
  readonly registration: Registration | undefined;
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
  readonly fault: DemoFault | undefined;
  readonly grid: GridView;
  readonly controller: ControllerView;
  readonly agents: readonly AgentView[];
  /** At least one. */
  readonly transports: readonly TransportView[];
}

export function viewController(url: string, process: SupervisedProcess, registry: RegistryWatch): ControllerView {
  return { url, answers: registry.answers, ...viewProcess(process) };
}

export function viewGrid(url: string, process: SupervisedProcess): GridView {
  return { url, isMoved: new URL(url).port !== `${GRID_PORT}`, ...viewProcess(process) };
}

export function viewAgent(host: DemoHost, process: SupervisedProcess, registry: RegistryWatch): AgentView {
  return {
    name: host.name,
    address: host.address,
    registration: registry.registration(host.name),
    ...viewProcess(process),
    prometheusUrl: `http://${host.address}:${host.prometheusPort}/metrics`,
  };
}

function viewProcess({ state, pid, deaths, lastDeath }: SupervisedProcess): ProcessView {
  return { state, pid, deaths, lastDeath };
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
  const controller = { url: view.controller.url, answers: view.controller.answers, ...processJson(view.controller) };
  const grid = { url: view.grid.url, ...processJson(view.grid) };
  const agents = view.agents.map((agent) => ({
    name: agent.name,
    address: agent.address,
    ...processJson(agent),
    registration: agent.registration ?? null,
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
  const elapsed_ms = Math.round(view.elapsedMs);
  return JSON.stringify({ elapsed_ms, totals, fault: view.fault ?? null, grid, controller, agents, pairs });
}

function processJson({ state, pid, deaths }: ProcessView): object {
  return { state, pid: pid ?? null, deaths };
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
