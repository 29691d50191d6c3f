/** Options of outputs.influxdb, and which of them belong to which version. */

import { duration, optionalText, STRICT, type Static, Type } from '../../../core/config/schema.js';
import { ConfigError } from '../../../core/errors.js';
import { credentialOptions, FILE_PREFIX, type PeerSettings, peerSettings } from '../../common/peer/settings.js';

export const InfluxdbOptions = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      description: 'The server, such as `http://127.0.0.1:8086`; version 3: port 8181.',
    }),
    version: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3)], {
      description: 'Its API: `1` for InfluxDB 1.x, `2` for 2.x and Cloud, `3` for 3 Core and Enterprise.',
    }),
    database: optionalText('Version 1 and 3, and needed there: what is written to.'),
    retention_policy: optionalText('Version 1: a retention policy of the database; default: its own default.'),
    username: optionalText('Version 1: user with the right to write.'),
    password: optionalText('Version 1: its password; `file:/path` is read anew before each write.'),
    organization: optionalText('Version 2, and needed there: name or id.'),
    bucket: optionalText('Version 2, and needed there: name or id of what is written to.'),
    ...credentialOptions('the server’s'),
    token: optionalText('Version 2 and 3: token with the right to write; `file:/path` is read anew before each write.'),
    // No default: of version 1 it would look as if somebody had set it.
    content_encoding: Type.Optional(
      Type.Union([Type.Literal('gzip'), Type.Literal('identity')], {
        description: 'Version 2 and 3: whether writes are compressed; default: `gzip`. Those of version 1 are not.',
      }),
    ),
    timeout: duration({
      default: '5s',
      atLeast: '100ms',
      atMost: '25s',
      description: 'How long one write may take, from the connection to the last byte of the answer.',
    }),
  },
  STRICT,
);
export type InfluxdbConfig = Static<typeof InfluxdbOptions>;

interface Place {
  readonly settings: PeerSettings;
  readonly gzip: boolean;
  readonly timeoutMs: number;
}
export interface Place1 extends Place {
  readonly version: 1;
  readonly database: string;
  readonly retentionPolicy: string | undefined;
  /** The password is a text or `file:PATH`. */
  readonly login: { readonly username: string; readonly password: string } | undefined;
}
export interface Place2 extends Place {
  readonly version: 2;
  readonly organization: string;
  readonly bucket: string;
}
export interface Place3 extends Place {
  readonly version: 3;
  readonly database: string;
}
/** Where points are written to. */
export type WritePlace = Place1 | Place2 | Place3;

const OPTIONS_OF = {
  1: ['database', 'retention_policy', 'username', 'password'],
  2: ['organization', 'bucket', 'token', 'content_encoding'],
  3: ['database', 'token', 'content_encoding'],
} as const;
const DEFAULT_PORT = { 1: 8086, 2: 8086, 3: 8181 } as const;

/** Checks what a schema cannot say. Throws ConfigError. */
export function writePlace(config: InfluxdbConfig): WritePlace {
  refuseForeignOptions(config);
  const { version, database, organization, bucket, username, password } = config;
  const settings = peerSettings(config, DEFAULT_PORT[version]);
  const place = { settings, gzip: config.content_encoding !== 'identity', timeoutMs: config.timeout };
  if (version === 2) {
    if (organization === undefined || bucket === undefined)
      throw new ConfigError('version 2 needs organization and bucket: set both');
    return { ...place, version, organization, bucket };
  }
  if (database === undefined) throw new ConfigError(`version ${version} needs database: set it`);
  if (version === 3) return { ...place, version, database };
  if ((username === undefined) !== (password === undefined))
    throw new ConfigError('username and password belong together: set both or neither');
  if (password === FILE_PREFIX) throw new ConfigError(`password: expected a path after "${FILE_PREFIX}", found none`);
  const login = username === undefined || password === undefined ? undefined : { username, password };
  return { ...place, version, database, retentionPolicy: config.retention_policy, login };
}

function refuseForeignOptions(config: InfluxdbConfig): void {
  const own: readonly string[] = OPTIONS_OF[config.version];
  const special = new Set(Object.values(OPTIONS_OF).flat());
  const foreign = [...special].filter((option) => config[option] !== undefined && !own.includes(option));
  if (foreign.length === 0) return;
  throw new ConfigError(
    `${foreign.join(', ')}: not an option of version ${config.version}, which has ${own.join(', ')}`,
  );
}
