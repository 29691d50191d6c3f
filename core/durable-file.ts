/** Files that are whole after a crash, whenever it comes. */

import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What weft keeps names hosts and addresses: it is for its own user only. */
export const FILE_MODE = 0o600;

/**
 * Replaces the content of a file in one step: a new file, written and synced, takes its name, and the folder is synced.
 * Resolves with its length in bytes. `chunks` are taken one at a time, so that others run in between.
 */
export async function replaceFile(path: string, chunks: Iterable<string>): Promise<number> {
  const newPath = `${path}.new`;
  let bytes = 0;
  try {
    const file = await open(newPath, 'w', FILE_MODE);
    try {
      for (const chunk of chunks) bytes += await writeWhole(file, chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(newPath, path);
  } catch (error) {
    await rm(newPath, { force: true });
    throw error;
  }
  await syncFolder(path);
  return bytes;
}

/** Makes the name of a new file durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** At the file's end; resolves with the number of bytes. */
export async function writeWhole(file: FileHandle, text: string): Promise<number> {
  const bytes = Buffer.from(text);
  // appendFile goes on after short writes.
  await file.appendFile(bytes);
  return bytes.length;
}

/** Undefined when there is no such file. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
