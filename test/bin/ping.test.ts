import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../support/temp-folder.js';
import { WeftProcess, weft } from '../support/weft-process.js';

/** An agent that answers; returns its port, and the folder of its configuration. */
async function reflector(t: TestContext, options: object = {}): Promise<{ port: number; folder: string }> {
  const folder = await tempFolder(t);
  const file = join(folder, 'weft.yaml');
  const config = { agent: { log_format: 'json' }, inputs: { udp: [{ listen: '127.0.0.1:0', ...options }] } };
  await writeFile(file, JSON.stringify(config));
  const agent = new WeftProcess(['run', '-c', file]);
  t.after(() => agent.destroy());
  const port = await agent.until('the reflector', ({ stderr }) => {
    const line = stderr.split('\n').find((text) => text.includes('answering probes'));
    return line === undefined ? undefined : (JSON.parse(line).port as number);
  });
  return { port, folder };
}

test('ping prints a line a probe and a summary, and exits with 0', async (t) => {
  const { port } = await reflector(t);
  const { code, stdout } = await weft('ping', 'udp', `127.0.0.1:${port}`, '-n', '4', '-i', '10ms', '--paths', '2');
  const lines = stdout.split('\n');
  assert.equal(lines[0], `weft ping udp (127.0.0.1 port ${port}): 4 probes, 10ms apart`);
  assert.deepEqual(lines[1]?.trim().split(/ +/), [
    'seq',
    'path',
    'network_rtt',
    'prober_delay',
    'responder_delay',
    'clock',
    't4',
  ]);
  assert.deepEqual(
    lines.slice(2, 6).map((line) => line.trim().split(/ +/)[0]),
    ['1', '2', '3', '4'],
  );
  assert.deepEqual([...new Set(lines.slice(2, 6).map((line) => line.trim().split(/ +/)[1]))].sort(), ['0', '1']);
  assert.match(stdout, /^4 sent, 4 answered, 0 lost \(0% loss\)$/m);
  assert.match(stdout, /^network RTT +min\/p50\/p99\/max = (\S+[nµm]s\/){3}\S+s$/m);
  assert.equal(code, 0);
});

test('ping --json: figures add up', async (t) => {
  const { port } = await reflector(t);
  const { stdout } = await weft('ping', 'udp', `localhost:${port}`, '-n', '3', '-i', '10ms', '--json');
  const [first, , , last, ...rest] = stdout.split('\n').map((line) => (line === '' ? line : JSON.parse(line)));
  assert.deepEqual(rest, ['']);
  assert.equal(first.result, 'success');
  assert.equal(first.network_rtt + first.prober_delay + first.responder_delay, first.program_rtt);
  assert.deepEqual([last.summary.sent, last.summary.success, last.summary.loss], [3, 3, 0]);
  assert.deepEqual([last.summary.host, last.summary.address], ['localhost', '127.0.0.1']);
});

test('a plain probe to the same reflector is answered without what only weft knows', async (t) => {
  const { port } = await reflector(t);
  const { stdout } = await weft('ping', 'udp', `127.0.0.1:${port}`, '-n', '1', '--plain', '--json');
  const { result, t4 } = JSON.parse(stdout.split('\n')[0] ?? '');
  assert.deepEqual([result, t4], ['success', 'inline']);
});

test('authenticated mode: the key decides', async (t) => {
  const { port, folder } = await reflector(t, { key: 'a secret of the right length' });
  const keyFile = join(folder, 'key');
  await writeFile(keyFile, 'a secret of the right length\n');
  const target = ['ping', 'udp', `127.0.0.1:${port}`, '-n', '1'];
  assert.equal((await weft(...target, '-w', '10s', '--key-file', keyFile)).code, 0);
  assert.equal((await weft(...target, '-w', '200ms')).code, 1);
});

test('nobody answers: every probe is lost, and the exit code is 1', async (t) => {
  const { port } = await reflector(t, { allowed_prefixes: ['192.0.2.0/24'] });
  const { code, stdout } = await weft('ping', 'udp', `127.0.0.1:${port}`, '-n', '2', '-i', '10ms', '-w', '50ms');
  assert.match(stdout, /^ +1 +0 +timeout$/m);
  assert.match(stdout, /^2 sent, 0 answered, 2 lost \(100% loss\)$/m);
  assert.doesNotMatch(stdout, /network RTT/);
  assert.equal(code, 1);
});

test('SIGINT ends it with the summary of what there is', async (t) => {
  const { port } = await reflector(t);
  const ping = new WeftProcess(['ping', 'udp', `127.0.0.1:${port}`, '-n', '1000', '-i', '10ms']);
  t.after(() => ping.destroy());
  await ping.until('some answers', ({ stdout }) => stdout.split('\n').length > 5);
  ping.kill('SIGINT');
  const { code, stdout } = await ping.exit;
  assert.match(stdout, /answered, 0 lost/);
  assert.equal(code, 0);
});

test('a name that does not resolve is a failure, not a usage error', async () => {
  const { code, stderr } = await weft('ping', 'udp', 'no-such-host.invalid');
  assert.match(stderr, /cannot resolve "no-such-host.invalid"/);
  assert.equal(code, 1);
});
