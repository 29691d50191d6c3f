/**
 * Network namespaces as hosts, each with a cable (a veth pair) to a switch (a bridge in a namespace of its own), and with
 * documentation addresses that exist nowhere else. Namespaces carry the pid of the process that made them, so that the next run sweeps up after a crash;
 * what runs inside dies with its parent.
 */

import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';

/** An interface in some namespace, and the way to run something next to it. */
export interface Port {
  readonly device: string;
  /** Starts a process in the namespace; it is killed when the test process or the net ends. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
}

export interface Host extends Port {
  readonly namespace: string;
  /** The other end of the host's cable, at the switch: here a tap sees what the host's interface has sent. */
  readonly farEnd: Port;
  readonly address4: string;
  readonly address6: string;
  /** Runs a command inside to its end and returns what it printed; throws when it fails. */
  exec(command: string, args: readonly string[], input?: string): string;
}

export interface Net {
  readonly hosts: readonly [Host, Host, ...Host[]];
  /** Kills what runs inside and deletes the namespaces. Legal twice. */
  close(): void;
}

const PREFIX = 'weft-test';
const DEVICE = 'eth0';
let netsMade = 0;

/** Why tests with namespaces cannot run here; undefined when they can. */
export function netnsUnavailable(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const probe = `${PREFIX}-${process.pid}-check`;
  const added = spawnSync('ip', ['netns', 'add', probe], { encoding: 'utf8' });
  if (added.error !== undefined) return 'the command ip is missing: apt-get install iproute2 nftables tcpdump';
  if (added.status !== 0) return `ip netns add: ${added.stderr.trim()}`;
  ip('netns', 'del', probe);
  return undefined;
}

/** Makes `count` (≥ 2, < 250) hosts that see each other, with addresses 192.0.2.n and 2001:db8::n, n from 1. */
export function createNet(count = 2): Net {
  sweepDeadNamespaces();
  netsMade += 1;
  const prefix = `${PREFIX}-${process.pid}-${netsMade}`;
  const made: string[] = [];
  const close = (): void => {
    process.off('exit', close);
    for (const namespace of made.splice(0)) removeNamespace(namespace);
  };
  process.on('exit', close);
  const add = (suffix: string): string => {
    const namespace = `${prefix}-${suffix}`;
    ip('netns', 'add', namespace);
    made.push(namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    return namespace;
  };
  try {
    const bridge = add('switch');
    ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', bridge, 'link', 'set', 'br0', 'up');
    const hosts = Array.from({ length: count }, (_, i) => makeHost(add(`h${i + 1}`), bridge, i + 1));
    return { hosts: hosts as [Host, Host, ...Host[]], close };
  } catch (error) {
    close();
    throw error;
  }
}

function makeHost(namespace: string, bridge: string, n: number): Host {
  const port = `port${n}`;
  ip('link', 'add', DEVICE, 'netns', namespace, 'type', 'veth', 'peer', 'name', port, 'netns', bridge);
  ip('-n', bridge, 'link', 'set', port, 'master', 'br0', 'up');
  const address4 = `192.0.2.${n}`;
  const address6 = `2001:db8::${n.toString(16)}`;
  ip('-n', namespace, 'addr', 'add', `${address4}/24`, 'dev', DEVICE);
  ip('-n', namespace, 'addr', 'add', `${address6}/64`, 'dev', DEVICE, 'nodad');
  ip('-n', namespace, 'link', 'set', DEVICE, 'up');
  return {
    namespace,
    device: DEVICE,
    farEnd: { device: port, spawn: spawnIn(bridge) },
    address4,
    address6,
    exec: (command, args, input) =>
      execFileSync('ip', ['netns', 'exec', namespace, command, ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
        ...(input ? { input } : {}),
      }),
    spawn: spawnIn(namespace),
  };
}

function spawnIn(namespace: string): Port['spawn'] {
  return (command, args, options = {}) =>
    spawn('ip', ['netns', 'exec', namespace, 'setpriv', '--pdeathsig', 'KILL', command, ...args], options);
}

/** Gives `host` further IPv4 addresses (at most 100), as if it were several hosts. */
export function addAddresses(host: Host, count: number): string[] {
  const addresses = Array.from({ length: count }, (_, i) => `192.0.2.${100 + i}`);
  for (const address of addresses) host.exec('ip', ['addr', 'add', `${address}/24`, 'dev', host.device]);
  return addresses;
}

/** Removes what test processes that no longer live have left behind. */
function sweepDeadNamespaces(): void {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n');
  for (const line of names) {
    const [name = ''] = line.split(' ');
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) removeNamespace(name);
  }
}

function removeNamespace(namespace: string): void {
  const listed = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  for (const pid of (listed.stdout ?? '').split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
  spawnSync('ip', ['netns', 'del', namespace]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}
