import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { NativeError, StartupError } from '../../../../core/errors.js';
import { libraryError, noPortError, portError } from '../../../../plugins/inputs/rdma-ud/startup-error.js';
import { rdmaDevice, rdmaGid, rdmaPort } from './devices.js';

type Errno = keyof typeof constants.errno;

const native = (syscall: string, errno: Errno): NativeError =>
  new NativeError(`${syscall}: ${errno}`, { syscall, errno: constants.errno[errno] });

const REF = { device: 'mlx5_0', port: 1 };
const OPTIONS = { gidIndex: -1, address: '', pkeyIndex: 0 };
const DEVICES = [
  rdmaDevice('mlx5_0', {
    ports: [rdmaPort(1, { gids: [rdmaGid(1), rdmaGid(3, { type: 'roce-v1', interface: '' })] })],
  }),
  rdmaDevice('mlx5_1'),
];

function explained(error: StartupError, cause: NativeError | undefined): string {
  assert.ok(error instanceof StartupError && error.retryable);
  assert.equal(error.cause, cause);
  return error.message;
}

describe('without the library', () => {
  for (const [syscall, errno, words] of [
    ['dlopen', 'ENOENT', /libibverbs, which is not installed: install libibverbs1 and ibverbs-providers/],
    ['dlopen', 'ENOSYS', /built without RDMA: install libibverbs-dev .* then run npm rebuild/],
    ['dlopen', 'EINVAL', /too old: install rdma-core 32 or newer/],
    ['dlopen', 'EIO', /libibverbs is there and cannot be loaded: .*ldd/],
    ['ibv_get_device_list', 'ENOSYS', /modprobe ib_uverbs/],
    ['ibv_get_device_list', 'EPERM', /no permission for \/dev\/infiniband\/uverbs\*/],
  ] as const) {
    test(`${syscall} ${errno}`, () => {
      const cause = native(syscall, errno);
      assert.match(explained(libraryError(cause), cause), words);
      assert.match(explained(portError(REF, OPTIONS, [], cause), cause), words);
    });
  }
});

describe('with nothing to open', () => {
  test('no device', () => {
    assert.match(explained(noPortError([]), undefined), /no RDMA device: is the driver .* rdma link add rxe0/);
  });

  test('no active port', () => {
    const down = { state: 'PORT_DOWN', gids: [rdmaGid(1), rdmaGid(2, { interface: 'eth1' })] };
    const devices = [rdmaDevice('mlx5_0', { ports: [rdmaPort(1, down), rdmaPort(2, { ...down, gids: [] })] })];
    assert.match(
      explained(noPortError(devices), undefined),
      /mlx5_0:1 is PORT_DOWN, mlx5_0:2 is PORT_DOWN; bring it up \(ip link set eth0 up, ip link set eth1 up\)/,
    );
  });

  test('no active port of InfiniBand', () => {
    const devices = [rdmaDevice('mlx5_0', { ports: [rdmaPort(1, { state: 'PORT_INIT', link: 'infiniband' })] })];
    assert.match(explained(noPortError(devices), undefined), /subnet manager/);
  });
});

describe('a port that does not open', () => {
  for (const [what, syscall, errno, options, words] of [
    ['no such device', 'device', 'ENODEV', {}, /no such device, there is mlx5_0, mlx5_1$/],
    ['no permission', 'ibv_open_device', 'EACCES', {}, /uverbs\*: run as root or in the group that owns them/],
    ['no permission', 'ibv_open_device', 'EPERM', {}, /uverbs\*/],
    ['memlock', 'ibv_reg_mr', 'ENOMEM', {}, /LimitMEMLOCK=infinity .*ulimit -l unlimited.*CAP_IPC_LOCK/],
    ['memlock', 'ibv_create_cq', 'ENOMEM', {}, /LimitMEMLOCK/],
    ['memlock', 'ibv_create_qp', 'ENOMEM', {}, /LimitMEMLOCK/],
    ['too large', 'ibv_create_cq', 'EINVAL', {}, /no queues of this size: lower receive_slots or queue_pairs/],
    ['too large', 'ibv_create_qp', 'EINVAL', {}, /no queues of this size/],
    ['no more threads', 'pthread_create', 'EAGAIN', {}, /no more threads: raise TasksMax= .*pids\.max.*ulimit -u/],
    ['inactive', 'port', 'ENETDOWN', {}, /not active; bring it up \(ip link set eth0 up\)/],
    ['no such port', 'port', 'ENODEV', {}, /no such port; it has 1$/],
    [
      'GID index',
      'gid',
      'ENOENT',
      { gidIndex: 7 },
      /no GID of index 7; it has 1 ::ffff:10\.0\.0\.1 \(roce-v2, eth0\); 3 .* \(roce-v1\) \(`weft devices`/,
    ],
    ['address', 'gid', 'EADDRNOTAVAIL', { address: '10.9.9.9' }, /no GID of address 10\.9\.9\.9; it has 1 ::ffff/],
    ['no GID that suits', 'gid', 'EADDRNOTAVAIL', {}, /none of its GIDs suits; .*ip address add/],
    [
      'partition key',
      'pkey',
      'ENOENT',
      { pkeyIndex: 5 },
      /index 5; see \/sys\/class\/infiniband\/mlx5_0\/ports\/1\/pkeys/,
    ],
  ] as const) {
    test(`${what}: ${syscall} ${errno}`, () => {
      const cause = native(syscall, errno);
      const message = explained(portError(REF, { ...OPTIONS, ...options }, DEVICES, cause), cause);
      assert.match(message, /^cannot use RDMA port mlx5_0:1: /);
      assert.match(message, words);
    });
  }

  test('no device at all', () => {
    assert.match(
      portError(REF, OPTIONS, [], native('device', 'ENODEV')).message,
      /no such device; this host has no RDMA device/,
    );
  });

  test('what nobody thought of is told as it is', () => {
    const cause = native('ibv_modify_qp', 'EINVAL');
    assert.equal(explained(portError(REF, OPTIONS, DEVICES, cause), cause), 'cannot use RDMA port mlx5_0:1');
  });
});
