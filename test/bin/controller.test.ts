/** `weft controller` as a real process. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { KEY, registration, send } from '../controller/api/controller.js';
import { repositoryRoot } from '../core/config/repository.js';
import { tempFolder } from '../support/temp-folder.js';
import { WeftProcess, weft } from '../support/weft-process.js';

const AGENT = { log_format: 'json' };

async function setUp(t: TestContext, controller: object = {}, rest: object = {}) {
  const folder = await tempFolder(t);
  const file = join(folder, 'controller.yaml');
  const config = { agent: AGENT, controller: { listen: '127.0.0.1:0', ...controller }, ...rest };
  await writeFile(file, JSON.stringify(config));
  return { folder, file, config };
}

function start(t: TestContext, file: string): WeftProcess {
  const process = new WeftProcess(['controller', '-c', file]);
  t.after(() => process.destroy());
  return process;
}

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly url?: string;
}

const lines = (process: WeftProcess): Line[] =>
  process.stderr
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

const url = (process: WeftProcess): Promise<string> =>
  process.until('it serves', () => lines(process).find(({ msg }) => msg === 'the controller serves')?.url);

const put = { method: 'PUT', path: '/v1/agents/a', key: KEY, body: registration() };

test('it serves, warns that everybody may do everything, and ends with 0 on SIGTERM', async (t) => {
  const { file } = await setUp(t);
  const process = start(t, file);
  const base = await url(process);
  assert.equal((await send(base, put)).status, 200);
  assert.ok(lines(process).some(({ level, msg }) => level === 'warn' && msg.includes('no tokens')));
  process.kill('SIGTERM');
  const { code, stderr } = await process.exit;
  assert.equal(code, 0, stderr);
});

test('what was acknowledged is there after kill -9', async (t) => {
  const folder = await tempFolder(t);
  const { file } = await setUp(t, { store: { type: 'memory', snapshot: join(folder, 'registry') } });
  const first = start(t, file);
  assert.equal((await send(await url(first), put)).status, 200);
  first.kill('SIGKILL');
  await first.exit;
  const second = start(t, file);
  const { status, json } = await send(await url(second), { path: '/v1/agents/a' });
  assert.deepEqual([status, json.state], [200, 'active']);
  const stolen = await send(await url(second), { ...put, key: 'another-key-0123456789' });
  assert.equal(stolen.status, 403, 'the claim is there, too');
});

test('inputs and outputs of the file run in the same process', async (t) => {
  const { file } = await setUp(
    t,
    {},
    { agent: { ...AGENT, interval: '100ms', flush_interval: '100ms' }, outputs: { file: [{ path: 'stdout' }] } },
  );
  const process = start(t, file);
  const base = await url(process);
  await process.until('metrics come out', ({ stdout }) => stdout.includes('weft_agent'));
  assert.equal((await send(base, { path: '/healthz' })).status, 200);
  process.kill('SIGINT');
  assert.equal((await process.exit).code, 0);
});

test('SIGHUP takes over new policies and tokens; a wrong file changes nothing', async (t) => {
  const { file, config } = await setUp(t);
  const process = start(t, file);
  const base = await url(process);
  await writeFile(file, JSON.stringify({ ...config, controller: { ...config.controller, stale_after: '1s' } }));
  process.kill('SIGHUP');
  await process.until('it refuses', () => lines(process).some(({ msg }) => msg.startsWith('reload refused')));
  const tokens = { reader: ['reader-token-0123456789'] };
  await writeFile(file, JSON.stringify({ ...config, controller: { ...config.controller, tokens } }));
  assert.equal((await send(base, { path: '/v1/policies' })).status, 200);
  process.kill('SIGHUP');
  await process.until('it has reloaded', () => lines(process).some(({ msg }) => msg === 'configuration reloaded'));
  assert.equal((await send(base, { path: '/v1/policies' })).status, 401);
  assert.equal((await send(base, { path: '/v1/policies', token: 'reader-token-0123456789' })).status, 200);
});

test('an address that is taken, or a topology file that is not there, ends the start', async (t) => {
  const { file } = await setUp(t);
  const taken = new URL(await url(start(t, file))).host;
  const other = await setUp(t, { listen: taken });
  const busy = await weft('controller', '-c', other.file);
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, /another process uses this address/);
  const missing = await setUp(t, { topology: join(other.folder, 'none.yaml') });
  const lost = await weft('controller', '-c', missing.file);
  assert.equal(lost.code, 2);
  assert.match(lost.stderr, /none\.yaml:1:1: cannot read the file/);
});

test('each command names the one that a file is for', async (t) => {
  const { file, folder } = await setUp(t);
  for (const command of ['run', 'test', 'once']) {
    const { code, stderr } = await weft(command, '-c', file);
    assert.equal(code, 2, command);
    assert.match(stderr, /^\S+controller\.yaml:1:\d+: controller: .*`weft controller -c/, command);
  }
  const agent = join(folder, 'agent.yaml');
  await writeFile(agent, 'outputs: { file: [{ path: stdout }] }\n');
  const { code, stderr } = await weft('controller', '-c', agent);
  assert.equal(code, 2);
  assert.match(stderr, /agent\.yaml: there is no section "controller"/);
});

test('check judges the section, and shows no token', async (t) => {
  const { file } = await setUp(t, { listen: '0.0.0.0:1', tokens: { agent: ['hush'] }, policies: [{ mode: 'mash' }] });
  const { code, stderr } = await weft('check', '-c', file);
  assert.equal(code, 2);
  assert.match(stderr, /policies/);
  assert.ok(!stderr.includes('hush'));
  const { file: good } = await setUp(t);
  assert.match((await weft('check', '-c', good)).stdout, /valid \(.*section: controller/);
});

test('the sample is valid, and names every option of the section', async () => {
  const file = join(repositoryRoot(), 'config/controller.yaml');
  const { code, stderr } = await new WeftProcess(['check', '-c', file], {
    WEFT_AGENT_TOKEN: 'agent-token-0123456789',
    WEFT_READER_TOKEN: 'reader-token-0123456789',
  }).exit;
  assert.equal(code, 0, stderr);
  const { ControllerOptions } = await import('../../controller/config.js');
  const text = await readFile(file, 'utf8');
  for (const option of Object.keys(ControllerOptions.properties))
    assert.match(text, new RegExp(`^ +(# )?${option}:`, 'm'));
});
