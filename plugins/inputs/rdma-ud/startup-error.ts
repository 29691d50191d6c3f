/** Why RDMA cannot be used here, and what to do about it. Pure; the words of `weft run`, `weft ping` and `weft devices`. */

import { constants } from 'node:os';
import { type NativeError, StartupError } from '../../../core/errors.js';
import type { RdmaDevice, RdmaPort } from '../../../native/index.js';
import type { PortOptions } from './config.js';
import { formatPort, type PortRef } from './ports.js';

const { ENOENT, ENOSYS, ENODEV, ENOMEM, EACCES, EINVAL, EPERM, EADDRNOTAVAIL } = constants.errno;

const LIST_HINT = '`weft devices` lists them';
/** Calls that pin memory. */
const PINNING = ['ibv_alloc_pd', 'ibv_reg_mr', 'ibv_create_comp_channel', 'ibv_create_cq', 'ibv_create_qp'];

/** Calls that are told how large a queue is to be. */
const SIZING = ['ibv_create_cq', 'ibv_create_qp'];

/** The library, or the list of its devices, cannot be had. `error` as `rdmaDevices` throws it. */
export function libraryError(error: NativeError): StartupError {
  return startupError(libraryHint(error), error);
}

/** There is nothing to open. */
export function noPortError(devices: readonly RdmaDevice[]): StartupError {
  if (devices.length === 0) return startupError(noDevice());
  const ports = devices.flatMap(({ name: device, ports: all }) =>
    all.map((port) => `${formatPort({ device, port: port.number })} is ${port.state}`),
  );
  return startupError(
    `no port of an RDMA device is active: ${ports.join(', ')}; ${activationHint(devices.flatMap((device) => device.ports))}`,
  );
}

/** A port cannot be opened. `error` as `createRdmaEngine` throws it. */
export function portError(
  ref: PortRef,
  options: Pick<PortOptions, 'gidIndex' | 'address' | 'pkeyIndex'>,
  devices: readonly RdmaDevice[],
  error: NativeError,
): StartupError {
  const hint = portHint(ref, options, devices, error);
  return startupError(`cannot use RDMA port ${formatPort(ref)}${hint === '' ? '' : `: ${hint}`}`, error);
}

/** All can be cured while the agent runs, but for a build without verbs: that costs nothing to try again either. */
function startupError(message: string, cause?: NativeError): StartupError {
  return new StartupError(message, { retryable: true, ...(cause !== undefined && { cause }) });
}

function noDevice(): string {
  return 'this host has no RDMA device: is the driver of the NIC loaded (`lspci -k`), with ib_uverbs? For soft-RoCE: rdma link add rxe0 type rxe netdev eth0';
}

function libraryHint({ syscall, errno }: NativeError): string {
  if (syscall === 'dlopen') {
    if (errno === ENOSYS) {
      return 'this weft was built without RDMA: install libibverbs-dev (RHEL: rdma-core-devel), then run npm rebuild';
    }
    if (errno === ENOENT) {
      return 'RDMA needs libibverbs, which is not installed: install libibverbs1 and ibverbs-providers (RHEL: rdma-core)';
    }
    if (errno === EINVAL) return 'libibverbs is too old: install rdma-core 32 or newer';
    return 'libibverbs is there and cannot be loaded: install the libraries that it needs (`ldd` names them), or rdma-core of this architecture';
  }
  if (errno === ENOSYS) return 'the kernel offers no RDMA to programs: modprobe ib_uverbs';
  if (isDenied(errno)) return permissionHint();
  return 'the RDMA devices cannot be listed';
}

function portHint(
  ref: PortRef,
  options: Pick<PortOptions, 'gidIndex' | 'address' | 'pkeyIndex'>,
  devices: readonly RdmaDevice[],
  error: NativeError,
): string {
  const { syscall, errno } = error;
  const device = devices.find(({ name }) => name === ref.device);
  const port = device?.ports.find(({ number }) => number === ref.port);
  if (syscall === 'dlopen' || syscall === 'ibv_get_device_list') return libraryHint(error);
  if (syscall === 'device') return missingDevice(devices);
  if (syscall === 'port')
    return errno === ENODEV
      ? missingPort(device)
      : `it is not active; ${activationHint(port === undefined ? [] : [port])}`;
  if (syscall === 'gid') return gidHint(options, port, errno);
  if (syscall === 'pkey') {
    return `it has no partition key of index ${options.pkeyIndex}; see /sys/class/infiniband/${ref.device}/ports/${ref.port}/pkeys`;
  }
  if (syscall === 'ibv_open_device' && isDenied(errno)) return permissionHint();
  if (PINNING.includes(syscall) && (errno === ENOMEM || isDenied(errno))) {
    return 'the limit of locked memory is too low: set LimitMEMLOCK=infinity (systemd) or `ulimit -l unlimited`, or grant CAP_IPC_LOCK';
  }
  if (syscall === 'pthread_create') {
    return 'this process may have no more threads: raise TasksMax= (systemd), pids.max (container) or `ulimit -u`; each port needs four';
  }
  if (SIZING.includes(syscall) && errno === EINVAL) {
    return 'it takes no queues of this size: lower receive_slots or queue_pairs (`ibv_devinfo -v` has its max_cqe and max_qp_wr)';
  }
  return '';
}

function missingDevice(devices: readonly RdmaDevice[]): string {
  if (devices.length === 0) return `there is no such device; ${noDevice()}`;
  return `there is no such device, there is ${devices.map(({ name }) => name).join(', ')}`;
}

function missingPort(device: RdmaDevice | undefined): string {
  const numbers = (device?.ports ?? []).map(({ number }) => number);
  return `the device has no such port; it has ${numbers.length === 0 ? 'none' : numbers.join(', ')}`;
}

function activationHint(ports: readonly RdmaPort[]): string {
  const interfaces = [...new Set(ports.flatMap(({ gids }) => gids.map((gid) => gid.interface)))].filter(Boolean);
  const isInfiniband = ports.some(({ link }) => link === 'infiniband');
  const manager = isInfiniband ? ', and whether a subnet manager runs' : '';
  const names = interfaces.length === 0 ? ['its interface'] : interfaces;
  const commands = names.map((name) => `ip link set ${name} up`).join(', ');
  return `bring it up (${commands}), look at the cable${manager}`;
}

function gidHint(
  { gidIndex, address }: Pick<PortOptions, 'gidIndex' | 'address'>,
  port: RdmaPort | undefined,
  errno: number,
): string {
  const gids = (port?.gids ?? []).map(({ index, gid, type, interface: name }) => {
    return `${index} ${gid} (${type}${name === '' ? '' : `, ${name}`})`;
  });
  const list = gids.length === 0 ? 'it has none' : `it has ${gids.join('; ')}`;
  if (errno === EADDRNOTAVAIL && address !== '') return `it has no GID of address ${address}; ${list}`;
  if (errno === EADDRNOTAVAIL)
    return `none of its GIDs suits; give its interface an address (\`ip address add\`); ${list}`;
  return `it has no GID of index ${gidIndex}; ${list} (${LIST_HINT})`;
}

function isDenied(errno: number): boolean {
  return errno === EACCES || errno === EPERM;
}

function permissionHint(): string {
  return 'no permission for /dev/infiniband/uverbs*: run as root or in the group that owns them (often rdma)';
}
