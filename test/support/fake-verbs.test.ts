/** The fake verbs library in a process of its own, told by this one what happens to its devices. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { type FakeDevices, startFakeVerbs } from './fake-verbs.js';

const LIMITS = { timeout: 120_000 };

/** Some process that loads the library and waits until its input ends. */
async function startProcess(
  t: TestContext,
  settings: string,
): Promise<{ devices: FakeDevices; kill(): Promise<void> }> {
  const fake = await startFakeVerbs(t, settings);
  const child = spawn('cat', { env: { ...process.env, ...fake.env, LD_PRELOAD: fake.env.WEFT_LIBIBVERBS } });
  t.after(() => child.kill('SIGKILL'));
  const kill = async (): Promise<void> => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  return { devices: await fake.next(), kill };
}

describe('fake verbs in another process', () => {
  test('take commands and answer them in order', LIMITS, async (t) => {
    const { devices } = await startProcess(t, 'devices=3');
    assert.equal(await devices.count('all', 'live'), 0);
    const [first, second] = await Promise.all([
      devices.command('fault fake1 drop'),
      devices.command('fault fake1 starve'),
    ]);
    assert.deepEqual([first, second], ['1', '2']);
    assert.deepEqual(await devices.counts('fake2', 'sent', 'received'), { sent: 0, received: 0 });
    await assert.rejects(devices.command('set fake0 latency_us soon'), /EINVAL latency_us cannot be soon/);
    await assert.rejects(devices.command('remove fake3'), /ENODEV no device is called fake3/);
  });

  test('say when the process has gone', LIMITS, async (t) => {
    const { devices, kill } = await startProcess(t, '');
    await kill();
    await assert.rejects(devices.command('get all'), /gone/);
  });
});
