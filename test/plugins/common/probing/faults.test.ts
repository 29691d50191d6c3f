import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../../core/errors.js';
import { checkedFaults } from '../../../../plugins/common/probing/faults.js';

const at = (...addresses: readonly string[]) => addresses.map((address) => ({ address }));

test('faults are made where only this host probes', () => {
  const faults = { fault_loss: 0.1, fault_network_delay: 0 };
  assert.deepEqual(checkedFaults(faults, at('127.0.0.1', '127.9.9.9', '::1')), { fault_loss: 0.1 });
  assert.equal(checkedFaults({ fault_loss: 0 }, at('0.0.0.0', '10.0.0.1')), undefined);
  for (const address of ['0.0.0.0', '::', '10.0.0.1', '2001:db8::1', '128.0.0.1']) {
    assert.throws(
      () => checkedFaults({ fault_loss: 0, fault_network_delay: 5 }, at('127.0.0.1', address)),
      (error) => error instanceof ConfigError && error.message.startsWith('fault_network_delay: faults are made on'),
    );
  }
});
