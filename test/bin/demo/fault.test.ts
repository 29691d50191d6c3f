import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { checkFault, DEFAULT_FAULT, describeFault, faultArgument } from '../../../bin/demo/fault.js';
import { WeftError } from '../../../core/errors.js';

test('a fault is a kind, a host and how much of it', () => {
  assert.deepEqual(faultArgument('loss:host-2:12.5%'), { kind: 'loss', host: 'host-2', amount: 0.125 });
  assert.deepEqual(faultArgument('delay:host-1:5ms'), { kind: 'delay', host: 'host-1', amount: 5 });
  assert.deepEqual(faultArgument('busy:host-8:500us'), { kind: 'busy', host: 'host-8', amount: 0.5 });
  checkFault(faultArgument(DEFAULT_FAULT), 8, ['udp', 'tcp']);
  assert.equal(describeFault(faultArgument(DEFAULT_FAULT)), 'host-3 loses 30% of the probes that come to it');
});

const WRONG = [
  ...[
    '',
    'loss',
    'loss:host-1',
    'loss::10%',
    'loss:host-1:10',
    'loss:host-1:0%',
    'loss:host-1:101%',
    'loss:host-1:-1%',
  ],
  ...[
    'loss:host-1:5ms',
    'delay:host-1:10%',
    'delay:host-1:5',
    'delay:host-1:0ms',
    'delay:host-1:201ms',
    'slow:host-1:5ms',
  ],
];

for (const text of WRONG) {
  test(`"${text}" is none`, () => {
    assert.throws(
      () => faultArgument(text),
      (error) => error instanceof InvalidArgumentError && /^Expected loss:HOST:10%/.test(error.message),
    );
  });
}

test('a host that the demo does not have, and a delay that nothing would show, are named', () => {
  const refuses = (expected: RegExp) => (error: unknown) =>
    error instanceof WeftError && error.code === 'WEFT_USAGE' && expected.test(error.message);
  const absent = faultArgument('loss:host-9:10%');
  assert.throws(() => checkFault(absent, 8, ['udp']), refuses(/no "host-9"; the hosts are host-1 to host-8/));
  assert.throws(
    () => checkFault(faultArgument('delay:host-1:5ms'), 8, ['tcp']),
    refuses(/delay needs the transport udp/),
  );
});
