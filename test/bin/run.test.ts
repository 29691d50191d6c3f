import assert from 'node:assert/strict';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../support/temp-folder.js';
import { WeftProcess } from '../support/weft-process.js';

/** Counts its own gathers: a restart of the plugin starts again at 1. */
const COUNTING_PLUGIN = `export default {
  kind: 'input', id: 'counting', description: 'Counts.', sample: '- {}',
  config: { type: 'object', properties: { rejects: { type: 'boolean' }, throws: { type: 'boolean' } } },
  create(config, context) {
    let n = 0;
    return {
      async gather(acc) {
        n += 1;
        acc.add({ name: 'n', tags: {}, fields: { n: { kind: 'gauge', value: n, unit: '1' } }, timeNs: context.clock.nowNs() });
        if (config.rejects && n === 1) Promise.reject(new Error('forgotten'));
        if (config.throws && n === 1) setTimeout(() => { throw new Error('uncalled for'); }, 1);
      },
    };
  },
};`;

interface Setup {
  readonly file: string;
  write(changes?: { input?: object; extra?: object }): Promise<void>;
}

async function setUp(t: TestContext): Promise<Setup> {
  const folder = await tempFolder(t);
  await writeFile(join(folder, 'counting.mjs'), COUNTING_PLUGIN);
  const file = join(folder, 'weft.yaml');
  const write: Setup['write'] = ({ input = {}, extra = {} } = {}) => {
    const config = {
      plugins: ['./counting.mjs'],
      agent: { interval: '100ms', flush_interval: '100ms', log_format: 'json' },
      inputs: { counting: [input] },
      outputs: { file: [{ path: 'stdout', format: 'json', namepass: ['n'] }] },
      ...extra,
    };
    return writeFile(file, JSON.stringify(config));
  };
  await write();
  return { file, write };
}

function start(t: TestContext, ...args: readonly string[]): WeftProcess {
  const weft = new WeftProcess(args);
  t.after(() => weft.destroy());
  return weft;
}

interface Line {
  readonly tags: Record<string, string>;
  readonly fields: { readonly n: number };
}

function metrics(weft: WeftProcess): Line[] {
  return weft.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Values of `n` printed after the first `from` of them. */
const counted = (weft: WeftProcess, from = 0): number[] =>
  metrics(weft)
    .slice(from)
    .map((line) => line.fields.n);

function logged(weft: WeftProcess, text: string): number {
  return weft.stderr.split(text).length - 1;
}

test('SIGTERM ends it gracefully, and what was gathered is written', async (t) => {
  const { file } = await setUp(t);
  const weft = start(t, 'run', '-c', file);
  await weft.until('a metric', () => counted(weft).length > 2);
  weft.kill('SIGTERM');
  const { code, signal, stderr } = await weft.exit;
  assert.deepEqual([code, signal], [0, null]);
  assert.doesNotMatch(stderr, /in time|dropped/);
  assert.deepEqual(
    counted(weft),
    counted(weft).map((_, i) => i + 1),
  );
});

test('SIGTERM at any moment of the start ends it, and nothing has to be given up for that', async (t) => {
  const { file } = await setUp(t);
  for (const afterMs of [0, 20, 40, 60, 80, 100, 130, 160, 200, 250, 300, 400, 600]) {
    const weft = start(t, 'run', '-c', file);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    weft.kill('SIGTERM');
    const { code, signal, stderr } = await weft.exit;
    assert.doesNotMatch(stderr, /in time/, `${afterMs} ms`);
    // Before our first line runs, the signal is Node's.
    assert.ok(code === 0 || signal === 'SIGTERM', `${afterMs} ms: ${code} ${stderr}`);
  }
});

test('a second signal ends it at once', async (t) => {
  const folder = await tempFolder(t);
  await writeFile(
    join(folder, 'hanging.mjs'),
    `export default {
      kind: 'output', id: 'hanging', description: 'Never closes.', sample: '- {}',
      config: { type: 'object', properties: {} },
      create: () => ({ write: async () => {}, close: () => { process.stderr.write('closing'); return new Promise(() => {}); } }),
    };`,
  );
  const file = join(folder, 'weft.yaml');
  const config = { plugins: ['./hanging.mjs'], agent: { shutdown_timeout: '1m' }, outputs: { hanging: [{}] } };
  await writeFile(file, JSON.stringify(config));
  const weft = start(t, 'run', '-c', file);
  await weft.until('the start', () => weft.stderr.includes('running'));
  weft.kill('SIGINT');
  await weft.until('the stop', () => weft.stderr.includes('closing'));
  weft.kill('SIGINT');
  assert.equal((await weft.exit).code, 130);
});

test('SIGHUP: a new configuration is taken, an unchanged plugin runs on', async (t) => {
  const { file, write } = await setUp(t);
  const weft = start(t, 'run', '-c', file);
  await weft.until('a metric', () => counted(weft).length > 2);
  await write({ extra: { inputs: { counting: [{}, { alias: 'second', tags: { of: 'second' } }] } } });
  weft.kill('SIGHUP');
  await weft.until('the second input', () => metrics(weft).some((line) => line.tags.of === 'second'));
  const first = metrics(weft).filter((line) => line.tags.of === undefined);
  assert.deepEqual(
    first.map((line) => line.fields.n),
    first.map((_, i) => i + 1),
    'the first input was never restarted',
  );
});

test('SIGHUP: a wrong configuration changes nothing and every mistake is logged', async (t) => {
  const { file, write } = await setUp(t);
  const weft = start(t, 'run', '-c', file);
  await weft.until('a metric', () => counted(weft).length > 0);
  await write({ input: { intervall: '1s', tags: 3 } });
  weft.kill('SIGHUP');
  await weft.until('the refusal', () => weft.stderr.includes('reload refused'));
  assert.equal(logged(weft, 'the new configuration is wrong'), 2, weft.stderr);
  const seen = counted(weft).length;
  await weft.until('further metrics', () => counted(weft, seen).length > 2);
  assert.deepEqual(
    counted(weft),
    counted(weft).map((_, i) => i + 1),
  );
  weft.kill('SIGTERM');
  assert.equal((await weft.exit).code, 0);
});

test('--watch-config: content counts, touching does not', async (t) => {
  const { file, write } = await setUp(t);
  const weft = start(t, 'run', '-c', file, '--watch-config');
  await weft.until('a metric', () => counted(weft).length > 0);
  await utimes(file, new Date(), new Date());
  await write();
  await write({ input: { tags: { of: 'changed' } } });
  await weft.until('the change', () => metrics(weft).some((line) => line.tags.of === 'changed'));
  await write({ input: { tagz: {} } });
  await weft.until('the refusal', () => weft.stderr.includes('reload refused'));
  await write({ input: { tags: { of: 'mended' } } });
  await weft.until('the repair', () => metrics(weft).some((line) => line.tags.of === 'mended'));
  assert.equal(logged(weft, 'reloading the configuration'), 3, weft.stderr);
});

test('a rejection that a plugin forgot is logged and the agent goes on', async (t) => {
  const { file, write } = await setUp(t);
  await write({ input: { rejects: true } });
  const weft = start(t, 'run', '-c', file);
  await weft.until('the log', () => weft.stderr.includes('forgotten'));
  const seen = counted(weft).length;
  await weft.until('further metrics', () => counted(weft, seen).length > 1);
});

test('an exception nobody catches stops the agent with 1, and what was gathered is written', async (t) => {
  const { file, write } = await setUp(t);
  await write({ input: { throws: true } });
  const weft = start(t, 'run', '-c', file);
  const { code, stderr } = await weft.exit;
  assert.equal(code, 1);
  assert.match(stderr, /uncalled for/);
  assert.equal(counted(weft)[0], 1);
});

test('--exit-with-parent: ends when standard input does', async (t) => {
  const { file } = await setUp(t);
  const weft = start(t, 'run', '-c', file, '--exit-with-parent');
  await weft.until('a metric', () => counted(weft).length > 0);
  weft.child.stdin?.end();
  assert.equal((await weft.exit).code, 0);
});

test('an output that cannot start ends the start with 1', async (t) => {
  const { file, write } = await setUp(t);
  await write({ extra: { outputs: { file: [{ path: '/nowhere/at/all', format: 'json' }] } } });
  const weft = start(t, 'run', '-c', file);
  const { code, stderr } = await weft.exit;
  assert.equal(code, 1);
  assert.match(stderr, /\/nowhere\/at\/all/);
});
