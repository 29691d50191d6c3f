/** The hosts of a demo: who they are, where they listen, and the files each agent is started with. */

import { createSocket } from 'node:dgram';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { DemoTransport } from './transports.js';

const PROMETHEUS_PORT = 9273;
const HOSTS_PER_TOR = 4;

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
}

/** Chooses `count` hosts; a port that is taken on its address is replaced by a free one. */
export async function planHosts(count: number, basePort: number): Promise<DemoHost[]> {
  const torSize = Math.min(HOSTS_PER_TOR, Math.ceil(count / 2));
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const address = `127.0.0.${i + 1}`;
      return {
        name: `host-${i + 1}`,
        address,
        ports: {
          udp: await planPort(freeUdpPort, address, basePort),
          tcp: await planPort(freeTcpPort, address, basePort),
        },
        prometheusPort: await planPort(freeTcpPort, address, PROMETHEUS_PORT),
        labels: { tor: `t${Math.floor(i / torSize) + 1}`, pod: 'p1' },
      };
    }),
  );
}

/** Writes the configuration of `host` and a pinglist without targets; returns the path of the configuration. */
export async function writeConfig(directory: string, host: DemoHost, settings: DemoSettings): Promise<string> {
  await writePinglist(directory, host, [], settings);
  const configFile = join(directory, `${host.name}.yaml`);
  await writeFile(configFile, JSON.stringify(configOf(directory, host, settings), undefined, 2));
  return configFile;
}

/** Gives `host` its targets: all `hosts` but itself. Its agent takes them while it runs. */
export async function writePinglist(
  directory: string,
  host: DemoHost,
  hosts: readonly DemoHost[],
  settings: DemoSettings,
): Promise<void> {
  const file = pinglistFile(directory, host);
  await writeFile(`${file}.new`, JSON.stringify(pinglistOf(host, hosts, settings), undefined, 2));
  await rename(`${file}.new`, file);
}

function pinglistFile(directory: string, host: DemoHost): string {
  return join(directory, `${host.name}.pinglist.json`);
}

/** JSON is YAML. The file output is how the demo reads what the agent measured, and that it is up. */
function configOf(directory: string, host: DemoHost, settings: DemoSettings): object {
  return {
    agent: {
      hostname: host.name,
      labels: host.labels,
      window: `${settings.windowMs}ms`,
      interval: '500ms',
      flush_interval: '200ms',
    },
    inputs: {
      pinglist: [{ file: pinglistFile(directory, host) }],
      ...Object.fromEntries(settings.transports.map((transport) => [transport, [probingOf(host, transport)]])),
    },
    outputs: {
      prometheus: [{ listen: `${host.address}:${host.prometheusPort}` }],
      file: [{ path: 'stdout', format: 'json', namepass: ['probe', 'weft_agent'] }],
    },
  };
}

/** Options of the input of `transport`. */
function probingOf(host: DemoHost, transport: DemoTransport): object {
  return { listen: `${host.address}:${host.ports[transport]}`, source_address: host.address };
}

function pinglistOf(host: DemoHost, hosts: readonly DemoHost[], settings: DemoSettings): object {
  const others = hosts.filter((other) => other !== host);
  const targets = settings.transports.flatMap((transport) =>
    others.map((other) => ({
      transport,
      dst: other.name,
      address: other.address,
      port: other.ports[transport],
      interval: `${settings.probeIntervalMs}ms`,
      timeout: `${settings.probeTimeoutMs}ms`,
      mode: 'mesh',
      labels: other.labels,
    })),
  );
  return { version: 1, revision: `${targets.length} targets`, targets };
}

type FreePort = (address: string, port: number) => Promise<number | undefined>;

/** `wanted`, or any other if it is taken; when none is free, the agent will say so. */
async function planPort(free: FreePort, address: string, wanted: number): Promise<number> {
  return (await free(address, wanted)) ?? (await free(address, 0)) ?? wanted;
}

/** The port that was bound (port 0: any), or undefined when it is taken. */
function freeUdpPort(address: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(undefined)));
    socket.bind({ address, port, exclusive: true }, () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}

function freeTcpPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
