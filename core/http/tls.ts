/** TLS of a server as users set it up: PEM files, read when it starts. */

import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { Type } from '../config/schema.js';
import { ConfigError, StartupError } from '../errors.js';

const File = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

/** Spread these into the options of whatever has a server. */
export const tlsOptions = {
  tls_cert: File('PEM file with the server certificate and its chain: serve HTTPS. Needs `tls_key`.'),
  tls_key: File('PEM file with the private key of `tls_cert`.'),
  tls_client_ca: File('PEM file with the authorities of client certificates: only clients that have one are served.'),
};

interface TlsConfig {
  readonly tls_cert?: string;
  readonly tls_key?: string;
  readonly tls_client_ca?: string;
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string | undefined;
}

/** What a secure context is made of; with `ca` clients have to have a certificate. */
export type TlsMaterial = Pick<SecureContextOptions, 'cert' | 'key' | 'ca'>;

/** Undefined when TLS is not set up. Throws ConfigError for options that need each other. */
export function tlsFiles(config: TlsConfig): TlsFiles | undefined {
  const { tls_cert: certFile, tls_key: keyFile, tls_client_ca: clientCaFile } = config;
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile, clientCaFile };
  if (certFile !== undefined || keyFile !== undefined) {
    throw new ConfigError(
      'tls_cert and tls_key belong together: one is set and the other is missing; set both or neither',
    );
  }
  if (clientCaFile !== undefined)
    throw new ConfigError('tls_client_ca needs TLS: set tls_cert and tls_key too, or remove it');
  return undefined;
}

/** Reads the files and proves that they fit together. Rejects with a retryable StartupError that names the file. */
export async function readTlsFiles(tls: TlsFiles): Promise<TlsMaterial> {
  const [cert, key, ca] = await Promise.all([
    readPem('tls_cert', tls.certFile),
    readPem('tls_key', tls.keyFile),
    tls.clientCaFile === undefined ? undefined : readPem('tls_client_ca', tls.clientCaFile),
  ]);
  const material = ca === undefined ? { cert, key } : { cert, key, ca };
  try {
    createSecureContext(material);
    return material;
  } catch (cause) {
    throw new StartupError(
      `cannot use the certificate ${tls.certFile} with the key ${tls.keyFile}: expected PEM files that belong together`,
      { retryable: true, cause },
    );
  }
}

async function readPem(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new StartupError(`cannot read ${option} ${file}`, { retryable: true, cause });
  }
}
