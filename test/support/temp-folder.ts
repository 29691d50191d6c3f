/** A temporary folder that goes when the test does. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const SHARED_MEMORY = '/dev/shm';

export function tempFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  return folderIn(tmpdir(), t);
}

/** In memory where there is such a place: for tests that sync often and are not about the disk. */
export function memoryFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  return folderIn(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), t);
}

async function folderIn(parent: string, t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(parent, 'weft-test-'));
  // A process that ends after this may still write into it: then it is not empty where it just was.
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}
