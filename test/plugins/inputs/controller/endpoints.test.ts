import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ENDPOINTS } from '../../../../core/control/registration.js';
import type { Endpoint } from '../../../../core/target.js';
import { connectionAddress, resolveEndpoints } from '../../../../plugins/inputs/controller/endpoints.js';

const at = (address: string, port = 862): Endpoint => ({ transport: 'udp', address, port, attributes: {} });
const BOTH = { ipv4: '10.0.0.1', ipv6: '2001:db8::1' };

test('wildcards get the address of their family, other addresses stay', () => {
  const announced = ['0.0.0.0', '::', '10.9.9.9', '127.0.0.1', '2001:DB8:0::2', '::ffff:10.0.0.7'].map((a) => at(a));
  const { endpoints, leftOut } = resolveEndpoints(announced, BOTH);
  assert.deepEqual(
    endpoints.map(({ address }) => address),
    ['10.0.0.1', '2001:db8::1', '10.9.9.9', '127.0.0.1', '2001:db8::2', '10.0.0.7'],
  );
  assert.deepEqual(leftOut, []);
});

test('a family without an address is left out, and so is a zone', () => {
  const announced = [at('0.0.0.0'), at('::'), at('fe80::1%eth0')];
  const { endpoints, leftOut } = resolveEndpoints(announced, { ipv6: '2001:db8::1' });
  assert.deepEqual(endpoints, [at('2001:db8::1')]);
  assert.deepEqual(leftOut, [at('0.0.0.0'), at('fe80::1%eth0')]);
});

test('attributes stay', () => {
  const rdma: Endpoint = { transport: 'rdma-ud', address: '10.0.0.1', port: 0, attributes: { gid: 'fe80::1', qpn: 7 } };
  assert.deepEqual(resolveEndpoints([rdma], {}).endpoints, [rdma]);
});

test('not more than a registration holds', () => {
  const announced = Array.from({ length: MAX_ENDPOINTS + 2 }, (_, index) => at('10.0.0.1', index + 1));
  const { endpoints, leftOut } = resolveEndpoints(announced, {});
  assert.deepEqual([endpoints.length, leftOut.length], [MAX_ENDPOINTS, 2]);
});

for (const [local, expected] of [
  ['10.0.0.1', { ipv4: '10.0.0.1' }],
  ['::ffff:10.0.0.1', { ipv4: '10.0.0.1' }],
  ['2001:DB8::1', { ipv6: '2001:db8::1' }],
  ['127.0.0.1', {}],
  ['127.9.9.9', {}],
  ['::ffff:127.0.0.1', {}],
  ['::1', {}],
  ['169.254.1.1', {}],
  ['fe80::1', {}],
  ['fe80::1%eth0', {}],
  ['0.0.0.0', {}],
  [undefined, {}],
] as const) {
  test(`a connection from ${local} says ${JSON.stringify(expected)} to others`, () => {
    assert.deepEqual(connectionAddress(local), expected);
  });
}
