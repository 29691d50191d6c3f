/**
 * Network namespaces as hosts: joined by a veth pair (two) or a bridge (more), with documentation addresses that exist
 * nowhere else. Namespaces carry the pid of the process that made them, so that the next run sweeps up after a crash;
 * what runs inside dies with its parent.
 */

import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';

export interface Host {
  readonly namespace: string;
  /** The interface towards the other hosts. */
  readonly device: string;
  readonly address4: string;
  readonly address6: string;
  /** Runs a command inside to its end and returns what it printed; throws when it fails. */
  exec(command: string, args: readonly string[], input?: string): string;
  /** Starts a process inside; it is killed when the test process or the net ends. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
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
    const namespaces = Array.from({ length: count }, (_, i) => add(`h${i + 1}`));
    if (count === 2) joinPair(namespaces as [string, string]);
    else joinByBridge(add('switch'), namespaces);
    const hosts = namespaces.map((namespace, i) => makeHost(namespace, i + 1));
    return { hosts: hosts as [Host, Host, ...Host[]], close };
  } catch (error) {
    close();
    throw error;
  }
}

function joinPair([one, other]: [string, string]): void {
  ip('link', 'add', DEVICE, 'netns', one, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', other);
}

function joinByBridge(bridge: string, namespaces: readonly string[]): void {
  ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge');
  ip('-n', bridge, 'link', 'set', 'br0', 'up');
  namespaces.forEach((namespace, i) => {
    const port = `port${i + 1}`;
    ip('link', 'add', DEVICE, 'netns', namespace, 'type', 'veth', 'peer', 'name', port, 'netns', bridge);
    ip('-n', bridge, 'link', 'set', port, 'master', 'br0', 'up');
  });
}

function makeHost(namespace: string, n: number): Host {
  const address4 = `192.0.2.${n}`;
  const address6 = `2001:db8::${n.toString(16)}`;
  ip('-n', namespace, 'addr', 'add', `${address4}/24`, 'dev', DEVICE);
  ip('-n', namespace, 'addr', 'add', `${address6}/64`, 'dev', DEVICE, 'nodad');
  ip('-n', namespace, 'link', 'set', DEVICE, 'up');
  const inside = ['netns', 'exec', namespace];
  return {
    namespace,
    device: DEVICE,
    address4,
    address6,
    exec: (command, args, input) =>
      execFileSync('ip', [...inside, command, ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
        ...(input ? { input } : {}),
      }),
    spawn: (command, args, options = {}) =>
      spawn('ip', [...inside, 'setpriv', '--pdeathsig', 'KILL', command, ...args], options),
  };
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
