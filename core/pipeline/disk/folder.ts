/** The folder of a disk buffer, looked at before it is used: what is wrong with it is a mistake in the configuration. */

import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from '../../errors.js';

const FOLDER_MODE = 0o700;

/** Makes the folder if only its last part is missing. Throws ConfigError with what is wrong and what to do. */
export async function prepareFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw fault(path, `${dirname(path)} does not exist: create it`, error);
    if (code === 'ENOTDIR') throw fault(path, 'a part of this path is a file', error);
    if (code === 'EACCES' || code === 'EROFS')
      throw fault(path, `it cannot be created; create it, for ${user()}`, error);
    if (code !== 'EEXIST') throw error;
  }
  if (!(await stat(path)).isDirectory()) throw fault(path, 'it is no directory');
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fault(path, `it is not writable: give it to ${user()}`, error);
  }
}

function user(): string {
  return `the user weft runs as (uid ${process.getuid?.() ?? '?'})`;
}

function fault(path: string, what: string, cause?: unknown): ConfigError {
  const message = `cannot buffer in ${path}: ${what}`;
  const issue = { file: '', line: 0, column: 0, path: 'buffer.directory', message };
  return new ConfigError(message, [issue], { cause });
}
