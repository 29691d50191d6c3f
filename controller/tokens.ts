/** The tokens of the configuration, those in files included. */

import { readFile } from 'node:fs/promises';
import { StartupError } from '../core/errors.js';
import { ROLES, type Tokens } from './api/access.js';
import { type ControllerConfig, MIN_TOKEN_CHARS, TOKEN_FILE_PREFIX } from './config.js';

/** Rejects with StartupError for a file that cannot be read or holds no token. Messages name files, never tokens. */
export async function readTokens(configured: ControllerConfig['tokens']): Promise<Tokens> {
  const lists = ROLES.map(async (role) => [role, await Promise.all(configured[role].map(readToken))] as const);
  return Object.fromEntries(await Promise.all(lists)) as unknown as Tokens;
}

async function readToken(written: string): Promise<string> {
  if (!written.startsWith(TOKEN_FILE_PREFIX)) return written;
  const file = written.slice(TOKEN_FILE_PREFIX.length);
  const token = (await readText(file)).trim();
  if (token.length >= MIN_TOKEN_CHARS && !/\s/.test(token)) return token;
  throw new StartupError(
    `expected one token of at least ${MIN_TOKEN_CHARS} characters in ${file}, found ${token.length} characters`,
    { retryable: false },
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new StartupError(`cannot read the token file ${file}`, { retryable: false, cause });
  }
}
