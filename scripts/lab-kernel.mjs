// The kernel of the RDMA lab (test/lab): Debian's stock kernel, which carries soft-RoCE (rdma_rxe) and netem; most kernels
// that tests run on do not. Its package is fetched by apt and unpacked, not installed, into a cache outside the work tree:
// <cache>/<release>/{vmlinux,modules/}. Several processes may fetch at a time: what is there is whole.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const META_PACKAGE = 'linux-image-amd64';
/** The lab runs the host's programs: guests are of the host's kind. */
export const LAB_ARCHITECTURE = 'x64';

/** Modules that no guest can need: half of the package. */
const UNUSED = [
  'sound',
  ...['gpu', 'media', 'scsi', 'staging', 'usb', 'iio', 'net/wireless'].map((name) => `drivers/${name}`),
];

/** Folder with one sub-folder for each release. */
export function labCache() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'weft-lab');
}

/** Whether some release is there. */
export function hasLabKernel() {
  return (
    existsSync(labCache()) && readdirSync(labCache()).some((name) => existsSync(join(labCache(), name, 'vmlinux')))
  );
}

/** Fetches the release that `linux-image-amd64` stands for, unless it is there. Throws what apt says. */
export function fetchLabKernel() {
  const depends = execFileSync('apt-cache', ['depends', META_PACKAGE], { encoding: 'utf8' });
  const [, name, release] = /Depends: (linux-image-(\d\S+))/.exec(depends) ?? [];
  if (release === undefined) throw new Error(`apt knows no ${META_PACKAGE}: the lab's kernel comes from Debian`);
  const target = join(labCache(), release);
  if (existsSync(target)) return;
  mkdirSync(labCache(), { recursive: true });
  const folder = mkdtempSync(join(labCache(), '.fetch-'));
  try {
    // As itself: apt's own user may not enter the folder.
    execFileSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [archive] = readdirSync(folder);
    execFileSync('dpkg', ['-x', archive, 'package'], { cwd: folder });
    const modules = join(folder, 'package', 'lib', 'modules', release, 'kernel');
    for (const path of UNUSED) rmSync(join(modules, path), { recursive: true, force: true });
    execFileSync('depmod', ['-b', join(folder, 'package'), release]);
    mkdirSync(join(folder, 'whole'));
    renameSync(join(folder, 'package', 'lib', 'modules', release), join(folder, 'whole', 'modules'));
    writeFileSync(join(folder, 'whole', 'vmlinux'), bareKernel(join(folder, 'package', 'boot', `vmlinuz-${release}`)));
    publish(join(folder, 'whole'), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Renames a complete folder to its place, where another process may have put its own meanwhile. */
function publish(folder, target) {
  try {
    renameSync(folder, target);
  } catch (error) {
    if (!existsSync(join(target, 'vmlinux'))) throw error;
  }
}

/**
 * The ELF image inside a bzImage: unpacking it under emulation would take three of the guest's six seconds. Layout of the
 * header: Documentation/arch/x86/boot.rst.
 */
function bareKernel(path) {
  const image = readFileSync(path);
  const setupSectors = image.readUInt8(0x1f1) || 4;
  const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  // The payload's last four bytes are its size unpacked.
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c) - 4);
  const kernel = execFileSync('xz', ['-dc'], { input: payload, maxBuffer: 512 * 1024 * 1024 });
  if (kernel.toString('latin1', 1, 4) !== 'ELF') throw new Error(`${path}: no xz-packed ELF image inside`);
  return kernel;
}
