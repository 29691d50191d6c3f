/**
 * What the agent shows to a peer, and what it demands of it. Files are read anew before each round of requests:
 * certificates and tokens that are renewed in place need no restart.
 */

import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext } from 'node:tls';
import { PeerError } from './failure.js';
import { type CredentialFiles, type PeerSettings, TOKEN_PATTERN } from './settings.js';

type Contents = { readonly [Name in keyof CredentialFiles]: string | undefined };

/** Valid until the next `read`. */
export interface Credentials {
  readonly token: string | undefined;
  agentFor(url: URL): HttpAgent | HttpsAgent;
}

export class CredentialSource {
  readonly #settings: Pick<PeerSettings, 'files' | 'token'>;
  readonly #plain = new HttpAgent({ keepAlive: true });
  #secure = new HttpsAgent({ keepAlive: true });
  #contents: Contents | undefined;

  constructor(settings: Pick<PeerSettings, 'files' | 'token'>) {
    this.#settings = settings;
  }

  /** Rejects with a PeerError `local` when a file cannot be read or used. */
  async read(): Promise<Credentials> {
    const { files, token } = this.#settings;
    const [ca, cert, key, tokenText] = await Promise.all([files.ca, files.cert, files.key, files.token].map(contentOf));
    const contents = { ca, cert, key, token: tokenText?.trim() };
    if (contents.token !== undefined && !TOKEN_PATTERN.test(contents.token)) {
      throw new PeerError('local', `${files.token} holds no token: expected one line of visible ASCII`);
    }
    this.#use(contents);
    return {
      token: contents.token ?? token,
      agentFor: ({ protocol }) => (protocol === 'https:' ? this.#secure : this.#plain),
    };
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #use(contents: Contents): void {
    const { ca, cert, key } = contents;
    const known = this.#contents;
    if (known !== undefined && known.ca === ca && known.cert === cert && known.key === key) return;
    const tls = {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    };
    try {
      createSecureContext(tls);
    } catch (cause) {
      throw new PeerError('local', 'cannot use tls_ca, tls_cert and tls_key: expected PEM files that belong together', {
        cause,
      });
    }
    this.#secure.destroy();
    this.#secure = new HttpsAgent({ keepAlive: true, minVersion: 'TLSv1.2', ...tls });
    this.#contents = contents;
  }
}

async function contentOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new PeerError('local', `cannot read ${file}`, { cause });
  }
}
