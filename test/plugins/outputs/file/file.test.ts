import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PartialWriteError, PermanentError, StartupError } from '../../../../core/errors.js';
import { count, gauge, type Metric } from '../../../../core/metric.js';
import type { FileConfig } from '../../../../plugins/outputs/file/config.js';
import { FileOutput } from '../../../../plugins/outputs/file/file.js';
import { settle } from '../../../support/fake-clock.js';
import { contextOf, environment } from '../../../support/pipeline.js';
import { tempFolder } from '../../../support/temp-folder.js';

function make(options: Partial<FileConfig>, stdout?: Writable): FileOutput {
  const rotation = { rotation_interval: 0, rotation_max_size: 0, rotation_max_archives: 5 };
  return new FileOutput({ path: '-', format: 'line', ...rotation, ...options }, contextOf(environment()), stdout);
}

const metric = (name: string, value: number): Metric => ({
  name,
  tags: {},
  fields: { value: gauge(value) },
  timeNs: 1n,
});

async function inFolder(t: TestContext, format: FileConfig['format']) {
  const path = join(await tempFolder(t), 'm');
  const output = make({ path, format });
  await output.connect();
  t.after(() => output.close());
  return { output, content: () => readFile(path, 'utf8') };
}

test('one line a metric; ends of series are no lines', async (t) => {
  const { output, content } = await inFolder(t, 'line');
  await output.write([metric('a', 1), { ...metric('gone', 1), fields: {} }, metric('b', 2)]);
  await output.write([{ ...metric('gone', 1), fields: {} }]);
  await output.write([metric('c', 3)]);
  assert.equal(await content(), 'a value=1 1\nb value=2 1\nc value=3 1\n');
});

test('what has no form in the format is rejected for good, the rest is written', async (t) => {
  const { output, content } = await inFolder(t, 'csv');
  const probe = { ...metric('probe', 1), tags: { src: 'a', dst: 'b' }, fields: { success: count(1) } };
  await assert.rejects(output.write([metric('weft_agent', 1), probe, { ...probe, fields: {} }]), (error: unknown) => {
    assert.ok(error instanceof PartialWriteError);
    assert.deepEqual([error.accepted, error.rejected, error.retry], [[1, 2], [0], false]);
    assert.match(error.message, /1 metrics \(weft_agent\) .*namepass/);
    return true;
  });
  assert.match(await content(), /^a,b,[^\n]+,1,0,0,network,0,0,0,0,0\n$/);
});

test('a folder that is missing is a StartupError worth trying again', async (t) => {
  const output = make({ path: join(await tempFolder(t), 'missing', 'm') });
  await assert.rejects(output.connect(), (error: unknown) => error instanceof StartupError && error.retryable);
  await output.close();
});

test('closing is legal without connect and twice', async (t) => {
  const output = make({ path: join(await tempFolder(t), 'm') });
  await output.close();
  await output.connect();
  await output.close();
  await output.close();
});

test('a write to standard output ends when the reader has taken it', async () => {
  let take = (): void => {};
  const slow = new Writable({
    write(_chunk, _encoding, callback) {
      take = callback;
    },
  });
  const output = make({}, slow);
  await output.connect();
  let written = false;
  const write = output.write([metric('a', 1)]).then(() => {
    written = true;
  });
  await settle();
  assert.equal(written, false);
  take();
  await write;
  await output.close();
});

test('a failing standard output keeps the batch, unless its reader is gone', async () => {
  for (const [code, permanent] of [
    ['EPIPE', true],
    ['EIO', false],
  ] as const) {
    const broken = new Writable({
      write: (_chunk, _encoding, callback) => callback(Object.assign(new Error('broken'), { code })),
    });
    const output = make({}, broken);
    await output.connect();
    await assert.rejects(
      output.write([metric('a', 1)]),
      (error: unknown) => error instanceof PermanentError === permanent,
    );
  }
});

const PRINT = fileURLToPath(new URL('./print.js', import.meta.url));

test('a real standard output gets every line', async () => {
  const child = spawn(process.execPath, [PRINT, '20000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = 0;
  let last = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    last += chunk;
    const whole = last.split('\n');
    last = whole.pop() ?? '';
    for (const line of whole) assert.equal(line, `m i=${lines++} 0`);
  }
  assert.deepEqual([lines, last], [20_000, '']);
});

test('a reader that leaves ends neither the program nor goes unsaid', async () => {
  const child = spawn(process.execPath, [PRINT, '1000000'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.match(said, /^PermanentError: nobody reads the standard output: .*EPIPE/);
});
