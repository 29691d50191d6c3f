#!/usr/bin/env node
// Installs what the tests need beyond Node: real servers and tools from Debian packages. As root on Debian or Ubuntu it
// installs them, elsewhere it prints the line to run. `--check` only says what is missing. Leaves no service running.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** `present` tells whether the package is there, by what the tests use of it. */
const TOOLS = [
  { package: 'prometheus', present: () => onPath('prometheus') && onPath('promtool') },
  { package: 'redis-server', present: () => onPath('redis-server') && onPath('redis-cli') },
  { package: 'nftables', present: () => onPath('nft') },
  { package: 'iproute2', present: () => onPath('ip') },
  { package: 'tcpdump', present: () => onPath('tcpdump') },
  { package: 'openssl', present: () => onPath('openssl') },
  { package: 'python3-scapy', present: () => existsSync('/usr/lib/python3/dist-packages/scapy') },
];
/** Services that Debian starts when it installs their package on a machine with systemd. */
const SERVICES = ['prometheus', 'redis-server'];

/** Names of the packages that are missing. */
export function missingPackages() {
  return TOOLS.filter((tool) => !tool.present()).map((tool) => tool.package);
}

export function installLine(packages) {
  return `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
}

function onPath(command) {
  // Debian's tools for root are not on everybody's path.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => isExecutable(join(folder, command)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function install(packages) {
  // RUNLEVEL=1: invoke-rc.d starts no service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  execFileSync('sh', ['-c', installLine(packages)], { stdio: 'inherit', env });
  if (!existsSync('/run/systemd/system')) return;
  for (const service of SERVICES.filter((name) => packages.includes(name))) {
    spawnSync('systemctl', ['disable', '--now', service], { stdio: 'inherit' });
  }
}

function main() {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const missing = missingPackages();
  if (missing.length === 0) return console.log('setup: everything is there');
  const canInstall = process.getuid?.() === 0 && onPath('apt-get');
  if (canInstall && !values.check) return install(missing);
  console.error(`setup: missing ${missing.join(', ')}; as root on Debian or Ubuntu run\n  ${installLine(missing)}`);
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
