/** Where the lab can run: Debian's kernel has been fetched (`npm run setup`) and QEMU, of this machine's kind, is there. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const COMMANDS = [
  'qemu-system-x86_64',
  'busybox',
  'cpio',
  'python3',
  'setpriv',
  'rdma',
  'tc',
  'ib_send_lat',
  'ibv_devices',
];

/** Why tests with guests cannot run here; undefined when they can. */
export function labUnavailable(): string | undefined {
  if (process.arch !== 'x64')
    return `the lab's guests run this machine's programs on x86-64, and this is ${process.arch}`;
  const missing = COMMANDS.filter((command) => !onPath(command));
  if (missing.length > 0) return `the lab needs ${missing.join(', ')}: npm run setup`;
  if (labKernel() === undefined) return `the lab's kernel is not in ${labCache()}: npm run setup`;
  return undefined;
}

export interface LabKernel {
  /** The bare ELF image. */
  readonly image: string;
  /** What `/lib/modules/<release>` would be. */
  readonly modules: string;
}

/** The release that came to the cache last. scripts/lab-kernel.mjs puts it there. */
export function labKernel(): LabKernel | undefined {
  const folders = existsSync(labCache()) ? readdirSync(labCache()).map((name) => join(labCache(), name)) : [];
  const [newest] = folders
    .filter((folder) => existsSync(join(folder, 'vmlinux')))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return newest === undefined ? undefined : { image: join(newest, 'vmlinux'), modules: join(newest, 'modules') };
}

function labCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'weft-lab');
}

function onPath(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, command)));
}
