#!/usr/bin/env node
// Installs what the tests need beyond Node: real servers and tools from Debian packages, and the kernel of the RDMA lab. As
// root on Debian or Ubuntu it installs them, elsewhere it prints the line to run. `--check` only says what is missing.
// Leaves no service running. Where the header of libibverbs came with it, the addon is built again, now for RDMA.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { fetchLabKernel, hasLabKernel, LAB_ARCHITECTURE } from './lab-kernel.mjs';
import { root } from './source-files.mjs';

const VERBS_HEADER = '/usr/include/infiniband/verbs.h';

/** `present` tells whether the package is there, by what the tests use of it. */
const TOOLS = [
  { package: 'prometheus', present: () => onPath('prometheus') && onPath('promtool') },
  { package: 'influxdb', present: () => onPath('influxd') },
  { package: 'redis-server', present: () => onPath('redis-server') && onPath('redis-cli') },
  { package: 'nftables', present: () => onPath('nft') },
  { package: 'iproute2', present: () => ['ip', 'rdma', 'ss', 'tc'].every(onPath) },
  { package: 'tcpdump', present: () => onPath('tcpdump') },
  { package: 'chromium', present: () => onPath('chromium') },
  { package: 'openssl', present: () => onPath('openssl') },
  { package: 'python3-scapy', present: () => existsSync('/usr/lib/python3/dist-packages/scapy') },
  { package: 'libibverbs-dev', present: () => existsSync(VERBS_HEADER) },
];
/** Of the lab's guests, which run what is installed here. */
const LAB_TOOLS = [
  { package: 'qemu-system-x86', present: () => onPath('qemu-system-x86_64') },
  // busybox without -static does not run where there is nothing but itself.
  { package: 'busybox-static', present: () => existsSync('/usr/share/doc/busybox-static') },
  { package: 'cpio', present: () => onPath('cpio') },
  { package: 'kmod', present: () => onPath('depmod') },
  { package: 'procps', present: () => onPath('ps') && onPath('pgrep') },
  { package: 'xz-utils', present: () => onPath('xz') },
  { package: 'ibverbs-providers', present: () => existsSync('/etc/libibverbs.d/rxe.driver') },
  { package: 'ibverbs-utils', present: () => onPath('ibv_devinfo') },
  { package: 'perftest', present: () => onPath('ib_send_lat') },
];
const LAB_FITS = process.arch === LAB_ARCHITECTURE;
/** Services that Debian starts when it installs their package on a machine with systemd. */
const SERVICES = ['prometheus', 'influxdb', 'redis-server'];

/** Names of the packages that are missing. */
export function missingPackages() {
  const tools = LAB_FITS ? [...TOOLS, ...LAB_TOOLS] : TOOLS;
  return tools.filter((tool) => !tool.present()).map((tool) => tool.package);
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

/** A machine without Debian's kernel can still run every test but the lab's, which say so. */
function installLabKernel(isRoot) {
  try {
    fetchLabKernel();
  } catch (error) {
    if (isRoot) return installLabKernelOfNewLists();
    console.error(`setup: no kernel for the RDMA lab (test/lab): ${error.message}`);
    process.exitCode = 1;
  }
}

/** Package lists that are missing or older than the archive are apt's usual reason to find nothing. */
function installLabKernelOfNewLists() {
  spawnSync('apt-get', ['-qq', 'update'], { stdio: 'inherit' });
  installLabKernel(false);
}

/** `npm ci` builds the addon, and on a fresh machine does so before the header is there. */
function buildAddonForVerbs() {
  if (!existsSync(VERBS_HEADER) || builtWithVerbs()) return;
  console.log('setup: building the addon again, for RDMA');
  execFileSync(process.execPath, [join(root, 'scripts', 'build-addon.mjs')], { cwd: root, stdio: 'inherit' });
}

function builtWithVerbs() {
  try {
    return createRequire(import.meta.url)('node-gyp-build')(root).buildInfo().verbs;
  } catch {
    // Not built, or not for this Node: building it is right all the more.
    return false;
  }
}

function main() {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const missing = missingPackages();
  const kernelMissing = LAB_FITS && !hasLabKernel();
  if (missing.length === 0 && !kernelMissing) console.log('setup: everything is there');
  const canInstall = process.getuid?.() === 0 && onPath('apt-get') && !values.check;
  if (missing.length > 0 && !canInstall) {
    console.error(`setup: missing ${missing.join(', ')}; as root on Debian or Ubuntu run\n  ${installLine(missing)}`);
    process.exitCode = 1;
  } else if (missing.length > 0) {
    install(missing);
  }
  if (values.check) return;
  if (kernelMissing) installLabKernel(canInstall);
  buildAddonForVerbs();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
