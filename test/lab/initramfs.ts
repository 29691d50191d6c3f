/** The first root of a guest: busybox, the kernel's modules in the order to load them, and test/lab/guest. */

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { repositoryRoot } from '../core/config/repository.js';
import type { LabKernel } from './unavailable.js';

/** What the guests need; what these need in turn, depmod has written down. rxe asks the crypto layer for "crc32". */
const MODULES = [
  ...['virtio_pci', 'virtio_net', '9pnet_virtio', '9p', 'overlay'],
  ...['crc32_generic', 'rdma_rxe', 'ib_uverbs', 'rdma_ucm'],
  ...['sch_netem', 'sch_prio', 'cls_u32'],
];
/** Mount points of guest/init. */
const FOLDERS = ['bin', 'lib/modules', 'dev', 'proc', 'sys', 'host', 'overlay'];

/** Makes it in `folder` and returns its path. Not packed: unpacking under emulation takes longer than reading it. */
export function makeInitramfs(kernel: LabKernel, folder: string): string {
  const tree = join(folder, 'initramfs');
  for (const path of FOLDERS) mkdirSync(join(tree, path), { recursive: true });
  cpSync(join(repositoryRoot(), 'test', 'lab', 'guest'), join(tree, 'lab'), { recursive: true });
  copyFileSync(join(tree, 'lab', 'init'), join(tree, 'init'));
  chmodSync(join(tree, 'init'), 0o755);
  copyFileSync(busybox(), join(tree, 'bin', 'busybox'));
  const modules = inLoadingOrder(readFileSync(join(kernel.modules, 'modules.dep'), 'utf8'));
  for (const path of modules) copyFileSync(join(kernel.modules, path), join(tree, 'lib', 'modules', basename(path)));
  writeFileSync(join(tree, 'modules'), modules.map((path) => `${basename(path)}\n`).join(''));
  const image = join(folder, 'initramfs.cpio');
  const files = readdirSync(tree, { recursive: true }).join('\n');
  execFileSync('cpio', ['-o', '-H', 'newc', '--quiet', '-F', image], { cwd: tree, input: files });
  return image;
}

/** Paths of MODULES and all they need, each after what it needs. A line of modules.dep: `path: path path…`. */
function inLoadingOrder(dependencies: string): string[] {
  const needs = new Map<string, string[]>();
  for (const line of dependencies.split('\n').filter(Boolean)) {
    const [path = '', others = ''] = line.split(':');
    needs.set(path, others.split(' ').filter(Boolean));
  }
  const pathOf = new Map([...needs.keys()].map((path) => [basename(path, '.ko'), path]));
  const ordered = new Set<string>();
  const add = (path: string): void => {
    for (const other of needs.get(path) ?? []) add(other);
    ordered.add(path);
  };
  for (const name of MODULES) {
    const path = pathOf.get(name);
    if (path === undefined) throw new Error(`the lab's kernel has no module ${name}`);
    add(path);
  }
  return [...ordered];
}

function busybox(): string {
  return execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
}
