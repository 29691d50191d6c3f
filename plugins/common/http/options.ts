/** The options every plugin with an HTTP server has, and what they mean together. */

import { optionalText, type Static, Type } from '../../../core/config/schema.js';
import { ConfigError } from '../../../core/errors.js';
import { type ListenAddress, parseListenAddress } from '../../../core/http/listen-address.js';
import { type TlsFiles, tlsFiles, tlsOptions } from '../../../core/http/tls.js';
import type { Credentials } from './auth.js';

/** Spread these into a plugin's own options; `listen` is the plugin's, since its default differs. */
export const serverOptions = {
  ...tlsOptions,
  basic_username: optionalText('Demand HTTP basic authentication with this name. Needs `basic_password`.'),
  basic_password: optionalText('Password of `basic_username`.'),
  bearer_token: optionalText('Demand `Authorization: Bearer <token>`. Not together with `basic_username`.'),
};
const ServerOptions = Type.Object({ listen: Type.String(), ...serverOptions });
export type ServerConfig = Static<typeof ServerOptions>;

export interface ServerSettings {
  readonly address: ListenAddress;
  readonly tls: TlsFiles | undefined;
  readonly credentials: Credentials | undefined;
}

/** Checks what a schema cannot: options that need or exclude each other. Throws ConfigError. */
export function serverSettings(config: ServerConfig): ServerSettings {
  return { address: parseListenAddress(config.listen), tls: tlsFiles(config), credentials: credentials(config) };
}

function credentials(config: ServerConfig): Credentials | undefined {
  const { basic_username: username, basic_password: password, bearer_token: token } = config;
  if ((username === undefined) !== (password === undefined)) {
    throw new ConfigError(
      'basic_username and basic_password belong together: one is set and the other is missing; set both or neither',
    );
  }
  if (token !== undefined && username !== undefined)
    throw new ConfigError('bearer_token and basic_username exclude each other: set one of the two');
  if (token !== undefined) return { scheme: 'bearer', token };
  if (username === undefined || password === undefined) return undefined;
  if (username.includes(':')) throw new ConfigError('basic_username must not contain a colon (RFC 7617)');
  return { scheme: 'basic', username, password };
}
