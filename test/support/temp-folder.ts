/** A temporary folder that goes when the test does. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export async function tempFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
