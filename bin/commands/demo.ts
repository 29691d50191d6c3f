/**
 * `weft demo`: a mesh of real agents on this machine. Every agent is a `weft run` of its own with its own address in
 * 127.0.0.0/8, configuration, pinglist and Prometheus endpoint; this process starts them, reads what they measure and
 * draws it.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentProcess } from '../demo/agent-process.js';
import { openDisplay } from '../demo/display.js';
import { KEPT_WINDOWS, Mesh } from '../demo/mesh.js';
import { planHosts, writeAgentFiles } from '../demo/plan.js';
import { type DemoView, viewAgent, viewPairs } from '../demo/view.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Signals } from '../signals.js';

const PROBE_TIMEOUT_MS = 250;
const LOG_LINES_SHOWN = 5;

export interface DemoOptions {
  readonly hosts: number;
  /** Length of a window and time between two drawings, ms. */
  readonly interval: number;
  readonly probeInterval: number;
  readonly basePort: number;
  /** Ends the demo by itself, ms. */
  readonly duration?: number;
  readonly json?: boolean;
}

export async function demo(options: DemoOptions, signals: Signals): Promise<ExitCode> {
  signals.onHangUp(() => signals.requestStop('SIGHUP'));
  process.stdout.once('error', () => signals.requestStop('EPIPE'));
  const directory = await mkdtemp(join(tmpdir(), 'weft-demo-'));
  try {
    const mesh = new Mesh(options.interval);
    const agents = await createAgents(options, directory, mesh);
    return await showUntilStopped(options, signals.stop, directory, agents, mesh);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function createAgents(options: DemoOptions, directory: string, mesh: Mesh): Promise<AgentProcess[]> {
  const hosts = await planHosts(options.hosts, options.basePort);
  const timing = {
    windowMs: options.interval,
    probeIntervalMs: options.probeInterval,
    probeTimeoutMs: PROBE_TIMEOUT_MS,
  };
  return Promise.all(
    hosts.map(async (host) => {
      const configFile = await writeAgentFiles(directory, host, hosts, timing);
      return new AgentProcess(host, configFile, join(directory, `${host.name}.log`), (line) => mesh.add(line));
    }),
  );
}

/** Starts the agents, draws every window, and ends them all again. */
async function showUntilStopped(
  options: DemoOptions,
  stop: AbortSignal,
  directory: string,
  agents: readonly AgentProcess[],
  mesh: Mesh,
): Promise<ExitCode> {
  const startedAt = performance.now();
  const view = (): DemoView => ({
    elapsedMs: performance.now() - startedAt,
    historyMs: options.interval * KEPT_WINDOWS,
    directory,
    agents: agents.map(viewAgent),
    pairs: viewPairs(
      mesh,
      agents.map((agent) => agent.host.name),
    ),
    total: mesh.total(),
    probesPerSecond: mesh.probesPerSecond(),
  });
  const display = openDisplay(process.stdout, options.json === true);
  for (const agent of agents) agent.start();
  display.show(view());
  const mayGoOn = await everyWindow(options, stop, () => {
    for (const agent of agents) if (agent.state !== 'up') mesh.forget(agent.host.name);
    display.show(view());
    return agents.some((agent) => agent.state !== 'failed');
  });
  await Promise.all(agents.map((agent) => agent.stop()));
  display.close();
  return mayGoOn ? EXIT.ok : reportNoAgent(agents);
}

/** Calls `tick` on the interval until it returns false, or the demo is to end: then resolves to true. */
function everyWindow(options: DemoOptions, stop: AbortSignal, tick: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (mayGoOn: boolean): void => {
      clearInterval(interval);
      clearTimeout(end);
      stop.removeEventListener('abort', onStop);
      resolve(mayGoOn);
    };
    const onStop = (): void => finish(true);
    const interval = setInterval(() => tick() || finish(false), options.interval);
    const end = options.duration === undefined ? undefined : setTimeout(onStop, options.duration);
    stop.addEventListener('abort', onStop);
    if (stop.aborted) onStop();
  });
}

function reportNoAgent(agents: readonly AgentProcess[]): ExitCode {
  const logs = agents.slice(0, 1).map((agent) => `${agent.host.name} says:\n${agent.logTail(LOG_LINES_SHOWN)}\n`);
  process.stderr.write(`weft: no agent starts; ${logs.join('')}`);
  return EXIT.failure;
}
