/**
 * The hosts of a demo, its controller and its grid: who they are, where they listen, and the file each process is started
 * with.
 */

import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DemoFault, faultOptions } from './fault.js';
import { isFreeTcpPort, isFreeUdpPort, planPort } from './ports.js';
import type { DemoTransport } from './transports.js';

const PROMETHEUS_PORT = 9273;
/** Of its process, as hosts have theirs. */
export const CONTROLLER_NAME = 'controller';
const CONTROLLER_PORT = 20_118;
const CENTRAL_ADDRESS = '127.0.0.1';
/** Takes in the rows of all agents, and serves the grid of them. */
export const GRID_NAME = 'grid';
const LISTENER_PORT = 20_119;
export const GRID_PORT = 20_120;
/** Five minutes with the default window. */
const GRID_WINDOWS = 300;

/** Short, so that forgetting can be watched; in a data centre these are minutes. */
export const STALE_AFTER_MS = 5000;
export const FORGET_AFTER_MS = 15_000;
/** Of heartbeats and of fetches: the least there is. */
const CONTACT_INTERVAL_MS = 1000;
/** Requests a second. All agents have one source address here. */
const RATE_LIMIT = 1000;

export interface DemoHost {
  readonly name: string;
  /** In 127.0.0.0/8, all of which is local on Linux. */
  readonly address: string;
  /** Of its reflectors. */
  readonly ports: Readonly<Record<DemoTransport, number>>;
  readonly prometheusPort: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface DemoSettings {
  readonly transports: readonly DemoTransport[];
  readonly windowMs: number;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly fault?: DemoFault | undefined;
}

/** Where the processes that all agents speak to listen: URLs without a trailing slash. */
export interface DemoCentre {
  readonly controllerUrl: string;
  /** Of the mesh-listener. */
  readonly listenerUrl: string;
  readonly gridUrl: string;
}

/** Chooses `count` hosts; a port that is taken on its address is replaced by a free one. */
export async function planHosts(count: number, basePort: number): Promise<DemoHost[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const address = `127.0.0.${i + 1}`;
      return {
        name: `host-${i + 1}`,
        address,
        ports: {
          udp: await planPort(isFreeUdpPort, address, basePort),
          tcp: await planPort(isFreeTcpPort, address, basePort),
        },
        prometheusPort: await planPort(isFreeTcpPort, address, PROMETHEUS_PORT),
        labels: labelsOf(i < count / 2 ? 1 : 2),
      };
    }),
  );
}

/** Two pods of one DC with a ToR each. */
function labelsOf(half: 1 | 2): Readonly<Record<string, string>> {
  return { dc: 'dc1', pod: `p${half}`, tor: `t${half}` };
}

/** Chooses where the controller and the grid listen. */
export async function planCentre(): Promise<DemoCentre> {
  const urlOf = async (port: number): Promise<string> =>
    `http://${CENTRAL_ADDRESS}:${await planPort(isFreeTcpPort, CENTRAL_ADDRESS, port)}`;
  return {
    controllerUrl: await urlOf(CONTROLLER_PORT),
    listenerUrl: await urlOf(LISTENER_PORT),
    gridUrl: await urlOf(GRID_PORT),
  };
}

/** Writes the configuration of `host`, whose agent registers at the controller and pushes its rows to the listener. */
export function writeAgentConfig(
  directory: string,
  host: DemoHost,
  centre: DemoCentre,
  settings: DemoSettings,
): Promise<void> {
  return writeConfig(configFile(directory, host.name), agentConfig(directory, host, centre, settings));
}

/** Writes the configuration of the process that takes in rows and serves the grid. */
export function writeGridConfig(directory: string, centre: DemoCentre, settings: DemoSettings): Promise<void> {
  return writeConfig(configFile(directory, GRID_NAME), gridConfig(centre, settings));
}

/**
 * Writes the configuration of the controller that listens at `url`, or replaces it while the controller runs. Without
 * transports nobody probes anybody.
 */
export function writeControllerConfig(directory: string, url: string, settings: DemoSettings): Promise<void> {
  return writeConfig(configFile(directory, CONTROLLER_NAME), controllerConfig(directory, url, settings));
}

/** Of the process of that name. */
export function configFile(directory: string, name: string): string {
  return join(directory, `${name}.yaml`);
}

/** JSON is YAML. In one step: the reader may be watching. */
async function writeConfig(file: string, config: object): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(config, undefined, 2));
  await rename(`${file}.new`, file);
}

function agentConfig(directory: string, host: DemoHost, centre: DemoCentre, settings: DemoSettings): object {
  return {
    agent: { ...agentSection(host.name, settings), labels: host.labels },
    inputs: {
      controller: [
        {
          url: centre.controllerUrl,
          state_file: join(directory, `${host.name}.state`),
          // As soon as they are up: eight agents are no herd.
          start_spread: '0s',
          // A controller that hangs (kill -STOP) is found out as soon as one that is gone.
          timeout: `${CONTACT_INTERVAL_MS}ms`,
          on_loss: 'stop',
        },
      ],
      ...Object.fromEntries(
        settings.transports.map((transport) => [transport, [probingOf(host, transport, settings)]]),
      ),
    },
    outputs: {
      prometheus: [{ listen: `${host.address}:${host.prometheusPort}` }],
      'mesh-grid': [{ url: centre.listenerUrl }],
      file: [{ ...STDOUT, namepass: ['probe', 'weft_agent'] }],
    },
  };
}

function gridConfig({ listenerUrl, gridUrl }: DemoCentre, settings: DemoSettings): object {
  return {
    agent: agentSection(GRID_NAME, settings),
    inputs: { 'mesh-listener': [{ listen: new URL(listenerUrl).host, rate_limit: RATE_LIMIT }] },
    outputs: {
      'mesh-grid': [{ listen: new URL(gridUrl).host, windows: GRID_WINDOWS }],
      file: [{ ...STDOUT, namepass: ['weft_agent'] }],
    },
  };
}

function controllerConfig(directory: string, url: string, settings: DemoSettings): object {
  return {
    agent: agentSection(CONTROLLER_NAME, settings),
    controller: {
      listen: new URL(url).host,
      heartbeat: `${CONTACT_INTERVAL_MS}ms`,
      refresh: `${CONTACT_INTERVAL_MS}ms`,
      stale_after: `${STALE_AFTER_MS}ms`,
      forget_after: `${FORGET_AFTER_MS}ms`,
      rate_limit: RATE_LIMIT,
      store: { type: 'memory', snapshot: join(directory, 'registry') },
      policies: settings.transports.length === 0 ? [] : [meshPolicy(settings)],
    },
    outputs: { file: [{ ...STDOUT, namepass: ['weft_agent'] }] },
  };
}

function meshPolicy({ transports, probeIntervalMs, probeTimeoutMs }: DemoSettings): object {
  return { mode: 'mesh', transport: transports, interval: `${probeIntervalMs}ms`, timeout: `${probeTimeoutMs}ms` };
}

/** How the demo reads what an agent measured, and that a process is up. */
const STDOUT = { path: 'stdout', format: 'json' };

function agentSection(hostname: string, { windowMs }: DemoSettings): object {
  return { hostname, window: `${windowMs}ms`, interval: '500ms', flush_interval: '200ms' };
}

/** Options of the input of `transport`. */
function probingOf(host: DemoHost, transport: DemoTransport, { fault }: DemoSettings): object {
  return {
    listen: `${host.address}:${host.ports[transport]}`,
    source_address: host.address,
    ...(fault?.host === host.name ? faultOptions(fault, transport) : {}),
  };
}
