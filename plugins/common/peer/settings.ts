/** Where equal peers are and what they are shown, as users set it up. Does no I/O; throws ConfigError. */

import { leavesHostInClear } from '../../../core/clear-text.js';
import { optionalText, type Static, Type } from '../../../core/config/schema.js';
import { ConfigError } from '../../../core/errors.js';

const Url = Type.String({ minLength: 1 });

/** The option `url`. */
export const peerUrls = (description: string) =>
  Type.Union([Url, Type.Array(Url, { minItems: 1, maxItems: 16 })], { description });

/** Spread these into the options of a plugin that asks peers. `whose`: such as `the controller’s`. */
export const credentialOptions = (whose: string) => ({
  token: optionalText('Bearer token of the role agent; `file:/path` is read anew before each request.'),
  tls_ca: optionalText(
    `PEM file with the authorities that ${whose} certificate is checked with, in place of the system’s.`,
  ),
  tls_cert: optionalText('PEM file with the client certificate and its chain. Needs `tls_key`.'),
  tls_key: optionalText('PEM file with the private key of `tls_cert`.'),
});

const PeerOptions = Type.Object({ url: peerUrls(''), ...credentialOptions('') });
export type PeerConfig = Static<typeof PeerOptions>;

export interface PeerSettings {
  /** Each ends in a slash; tried in this order. */
  readonly urls: readonly URL[];
  readonly files: CredentialFiles;
  /** Sent as it is, unless a file of `files` takes its place. */
  readonly token: string | undefined;
}

export interface CredentialFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
}

/** Of the path of a file that a secret is in. */
export const FILE_PREFIX = 'file:';
/** RFC 6750, section 2.1, in the lenient form: what can stand in a header. */
export const TOKEN_PATTERN = /^[!-~]{1,4096}$/;

/** `port` is the usual one, for messages. */
export function peerSettings(config: PeerConfig, port: number): PeerSettings {
  const urls = [config.url].flat().map((text) => baseUrl(text, port));
  const { tls_ca: ca, tls_cert: cert, tls_key: key } = config;
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError(
      'tls_cert and tls_key belong together: one is set and the other is missing; set both or neither',
    );
  }
  if ((ca ?? cert) !== undefined && !urls.some(({ protocol }) => protocol === 'https:')) {
    throw new ConfigError('tls_ca, tls_cert and tls_key need a url that begins with https://');
  }
  return { urls, files: { ca, cert, key, token: tokenFile(config.token) }, token: plainToken(config.token) };
}

/** Whether others on the way can read the token. */
export function sendsTokenInClear({ urls, token, files }: PeerSettings): boolean {
  return urls.some(leavesHostInClear) && (token ?? files.token) !== undefined;
}

function baseUrl(text: string, port: number): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBase = url !== undefined && /^https?:$/.test(url.protocol) && `${url.search}${url.hash}` === '';
  // The text may hold a password: it is not repeated.
  if (url !== undefined && `${url.username}${url.password}` !== '') {
    throw new ConfigError('url: expected no name and password in it; use token, or a client certificate');
  }
  if (!isBase) throw new ConfigError(`url: expected one such as "https://host:${port}", found "${text}"`);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function tokenFile(token: string | undefined): string | undefined {
  if (token?.startsWith(FILE_PREFIX) !== true) return undefined;
  const file = token.slice(FILE_PREFIX.length);
  if (file === '') throw new ConfigError('token: expected a path after "file:", found none');
  return file;
}

function plainToken(token: string | undefined): string | undefined {
  if (token === undefined || token.startsWith(FILE_PREFIX)) return undefined;
  if (!TOKEN_PATTERN.test(token)) throw new ConfigError('token: expected visible ASCII characters without spaces');
  return token;
}
