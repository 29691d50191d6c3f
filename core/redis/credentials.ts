/** What a Redis is reached with: user, password and certificates, read from the files that the options name. */

import { readFile } from 'node:fs/promises';
import { StartupError } from '../errors.js';
import type { RedisConfig } from './options.js';

export interface Credentials {
  readonly login: { readonly username?: string; readonly password?: string };
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
}

/** `where`: the place of the options, for messages. Rejects with StartupError. */
export async function readCredentials(where: string, config: RedisConfig): Promise<Credentials> {
  const [ca, cert, key, password] = await Promise.all([
    readOption(where, 'tls_ca', config.tls_ca),
    readOption(where, 'tls_cert', config.tls_cert),
    readOption(where, 'tls_key', config.tls_key),
    readSecret(where, config.password),
  ]);
  return {
    login: {
      ...(config.username !== undefined && { username: config.username }),
      ...(password !== undefined && { password }),
    },
    tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
  };
}

async function readSecret(where: string, value: string | undefined): Promise<string | undefined> {
  const file = value?.startsWith('file:') ? value.slice('file:'.length) : undefined;
  return file === undefined ? value : (await readOption(where, 'password', file))?.toString('utf8').trim();
}

async function readOption(where: string, option: string, file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (cause) {
    throw new StartupError(`cannot read ${option} ${file} of ${where}`, { retryable: true, cause });
  }
}
