import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { AGENT_KEY_HEADER } from '../../../../core/control/registration.js';
import { MAX_PINGLIST_BYTES } from '../../../../core/pinglist/limits.js';
import { ControllerDouble } from '../../../support/controller-double.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { Harness, listOf } from './harness.js';

async function member(t: TestContext, stateFile?: string) {
  const double = await ControllerDouble.listen(t);
  double.list = listOf('10.0.0.2');
  const agent = await Harness.make(t, double.url, stateFile === undefined ? {} : { stateFile });
  return { double, agent, file: agent.config.state_file };
}

const keys = (double: ControllerDouble): unknown[] => [
  ...new Set(double.requests.map(({ headers }) => headers[AGENT_KEY_HEADER])),
];

/** Stops the input and starts another one, as a new run of the agent does. */
async function restart(agent: Harness): Promise<void> {
  await agent.input.stop();
  agent.input = agent.create();
  await agent.start();
}

describe('the state file of inputs/controller', () => {
  test('a restart begins with the last good list and keeps the key', async (t) => {
    const { double, agent } = await member(t);
    await agent.connect();
    await restart(agent);
    assert.deepEqual(agent.onBoard, ['10.0.0.2']);
    assert.equal(double.requests.length, 2, 'the controller was not asked');
    await agent.nextUntil(() => double.requests.length === 4);
    assert.equal(keys(double).length, 1);
    assert.deepEqual(agent.acc.errors, []);
    const { own } = await agent.figures();
    assert.equal(own.list_age, 0);
    assert.equal((await agent.figures()).own.not_modified, 0);
    assert.equal(own.not_modified, 1, 'its ETag is known too');
  });

  test('it follows new lists, not those that are refused', async (t) => {
    const { double, agent } = await member(t);
    await agent.connect();
    double.list = listOf('10.0.0.3');
    await agent.nextUntil(() => agent.onBoard.includes('10.0.0.3'));
    double.list = '{"version":1,"targets":[{}]}';
    await agent.nextUntil(() => agent.acc.errors.length > 0);
    await restart(agent);
    assert.deepEqual(agent.onBoard, ['10.0.0.3']);
  });

  test('the key is there before the controller learns it, and for nobody else', async (t) => {
    const { agent, file } = await member(t);
    await agent.start();
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(await readFile(file, 'utf8'), /^\{"version":1,"id":"host-a","key":"[0-9a-f]{64}","etag":""\}\n$/);
    assert.deepEqual(await readdir(dirname(file)), ['controller.state']);
  });

  const GARBAGE: Readonly<Record<string, string>> = {
    'an empty file': '',
    'no JSON': 'garbage\n',
    'one line without end': '{"version":1',
    'a line of another type': '[]\n',
    'another version': `{"version":2,"id":"host-a","key":"${'0'.repeat(64)}","etag":""}\n`,
    'another agent': `{"version":1,"id":"host-b","key":"${'0'.repeat(64)}","etag":""}\n`,
    'a key of the wrong form': '{"version":1,"id":"host-a","key":"\\n","etag":""}\n',
  };
  for (const [name, content] of Object.entries(GARBAGE)) {
    test(`${name}: a start without it, and a new file`, async (t) => {
      const { double, agent, file } = await member(t);
      await writeFile(file, content);
      await agent.connect();
      assert.deepEqual(agent.log.messages('warn'), ['the state file is of no use: starting without key and list']);
      assert.deepEqual(agent.onBoard, ['10.0.0.2']);
      assert.notEqual(keys(double)[0], '0'.repeat(64));
      await restart(agent);
      assert.deepEqual(agent.onBoard, ['10.0.0.2']);
    });
  }

  test('a damaged list does not take the key with it', async (t) => {
    const { double, agent, file } = await member(t);
    await agent.connect();
    await agent.input.stop();
    await truncate(file, (await stat(file)).size - 3);
    agent.input = agent.create();
    await agent.start();
    assert.deepEqual(agent.onBoard, []);
    await agent.nextUntil(() => agent.onBoard.length > 0);
    assert.equal(keys(double).length, 1);
  });

  test('a file that is far too long is not read', async (t) => {
    const { agent, file } = await member(t);
    await writeFile(file, '');
    await truncate(file, 2 * MAX_PINGLIST_BYTES);
    await agent.start();
    assert.match(String(agent.log.lines.find(({ level }) => level === 'warn')?.fields.error), /found 134217728/);
  });

  test('one that cannot be read or written is said once, and the agent works', async (t) => {
    const folder = await tempFolder(t);
    // A folder is in the way, which stops root too.
    const file = join(folder, 'state');
    await mkdir(file);
    await writeFile(join(file, 'something'), '');
    const { double, agent } = await member(t, file);
    await agent.connect();
    assert.deepEqual(agent.onBoard, ['10.0.0.2']);
    double.list = listOf('10.0.0.3');
    await agent.nextUntil(() => agent.onBoard.includes('10.0.0.3'));
    await agent.input.stop();
    assert.deepEqual(agent.log.messages('warn'), [
      'the state file is of no use: starting without key and list',
      'cannot write the state file: a restart begins without list, and waits to be registered',
    ]);
    assert.deepEqual(await readdir(folder), ['state']);
    assert.deepEqual(agent.acc.errors, []);
  });

  test('a folder that is missing is made', async (t) => {
    const { agent, file } = await member(t, join(await tempFolder(t), 'a', 'b', 'state'));
    await agent.start();
    assert.ok((await stat(file)).isFile());
  });
});
