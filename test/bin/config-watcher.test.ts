import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { constants, watch } from 'node:fs';
import { type FileHandle, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigWatcher } from '../../bin/config-watcher.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { tempFolder } from '../support/temp-folder.js';
import { until, waitFor, withLimit } from '../support/wait-for.js';

const LONGER_THAN_TO_SETTLE_MS = 1000;

/** A file that is read when the test says so: a pipe. */
class Gate {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    execFileSync('mkfifo', [path]);
  }

  /** Resolves when somebody is about to read it. */
  async reached(): Promise<FileHandle> {
    // Fails as long as nobody has it open.
    const look = () => open(this.path, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => undefined);
    return waitFor('a reader', look);
  }

  async pass(): Promise<void> {
    await (await this.reached()).close();
  }
}

async function watched(t: TestContext) {
  const folder = await tempFolder(t);
  const [config, configDirectory] = [join(folder, 'weft.yaml'), join(folder, 'weft.d')];
  await writeFile(config, 'a: 1\n');
  await mkdir(configDirectory);
  // Read after the main file.
  const gate = new Gate(join(configDirectory, 'gate.yaml'));
  const clock = new FakeClock();
  const opening = ConfigWatcher.open({ config, configDirectory }, clock);
  await gate.pass();
  const watcher = await opening;
  t.after(() => watcher.close());
  const seen = { changes: 0, errors: [] as Error[] };
  const onChange = (): void => {
    seen.changes += 1;
  };
  await watcher.start({ onChange, onError: (error) => void seen.errors.push(error) });
  return { config, folder, gate, clock, seen };
}

test('what is written while files are read is a change like any other', async (t) => {
  const { config, folder, gate, clock, seen } = await watched(t);
  await clock.advance(LONGER_THAN_TO_SETTLE_MS);
  const reading = await gate.reached();
  const notified = watch(folder);
  t.after(() => notified.close());
  const told = once(notified, 'change');
  await writeFile(config, 'a: 2\n');
  await withLimit('the notification', told);
  await settle();
  await reading.close();
  const turn = async (): Promise<void> => {
    await waitFor('a further look', () => clock.pending > 0 || seen.changes > 0);
    await clock.advance(LONGER_THAN_TO_SETTLE_MS);
    if (seen.changes === 0) await gate.pass();
  };
  await until(() => seen.changes > 0, { turn });
  assert.deepEqual(seen, { changes: 1, errors: [] });
});
