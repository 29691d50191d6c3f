/** A process that is killed at any moment, as by the kernel or `kill -9`, and the one that comes after it. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DiskLog } from '../../../../core/pipeline/disk/disk-log.js';
import { memoryFolder } from '../../../support/temp-folder.js';
import { withLimit } from '../../../support/wait-for.js';

const WRITER = fileURLToPath(new URL('../../../support/disk-buffer-process.js', import.meta.url));
const KILLS = 100;
/** At a time: there may be two cores. */
const CHAINS = 2;
const MAX_BYTES = 1024 * 1024;

interface Claims {
  /** Everything before is on the disk. */
  persisted: number;
  /** Everything before was accepted. */
  accepted: number;
}

/** Lets a writer work until some time after its first sync, and kills it. */
async function killed(folder: string, first: number): Promise<Claims> {
  const child = spawn(process.execPath, [WRITER, folder, String(MAX_BYTES), String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  await withLimit('a first sync', once(child.stdout, 'data'));
  await sleep(Math.random() * 30);
  child.kill('SIGKILL');
  const [, signal] = await withLimit('the end of the writer', ended);
  assert.equal(signal, 'SIGKILL');
  const claims = { persisted: 0, accepted: 0 };
  // The last line may be cut off.
  for (const line of said.split('\n').slice(0, -1))
    claims[line.startsWith('+') ? 'persisted' : 'accepted'] = Number(line.slice(1));
  return claims;
}

/** The numbers that are there now. */
async function left(folder: string): Promise<number[]> {
  const count = { lost: 0, evicted: 0 };
  const log = await DiskLog.open({
    folder,
    maxBytes: MAX_BYTES,
    onLost: (metrics) => {
      count.lost += metrics;
    },
    onEvicted: (_, unread) => {
      count.evicted += unread;
    },
    onError: (error) => assert.fail(String(error)),
  });
  assert.ok(log, 'the dead process has the lock');
  const numbers: number[] = [];
  for (let run = await log.read(); run !== undefined; run = await log.read())
    numbers.push(...run.metrics.map(({ name }) => Number(name)));
  assert.deepEqual(count, { lost: 0, evicted: 0 });
  assert.equal(log.damagedFiles, 0);
  await log.close();
  return numbers;
}

async function usedBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

test(`${KILLS} kills: what was said to be on the disk is there, unless it was accepted, once and in order`, async (t) => {
  const chain = async (): Promise<void> => {
    const folder = await memoryFolder(t);
    let first = 0;
    let accepted = 0;
    for (let kill = 0; kill < KILLS / CHAINS; kill += 1) {
      const claims = await killed(folder, first);
      assert.ok((await usedBytes(folder)) <= MAX_BYTES);
      accepted = Math.max(accepted, claims.accepted);
      const numbers = await left(folder);
      const next = numbers[0] ?? accepted;
      assert.ok(next <= accepted, `${next} is the first, though only what is before ${accepted} was accepted`);
      assert.deepEqual(
        numbers,
        numbers.map((_, i) => next + i),
      );
      const end = next + numbers.length;
      assert.ok(
        end >= claims.persisted,
        `${end} is the end, though what is before ${claims.persisted} was on the disk`,
      );
      first = end;
    }
  };
  await Promise.all(Array.from({ length: CHAINS }, chain));
});
