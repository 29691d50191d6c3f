/** Options of a Redis that weft keeps something in, wherever they stand, and what a schema cannot say of them. */

import { duration, STRICT, type Static, Type } from '../config/schema.js';
import { ConfigError } from '../errors.js';

const ServerUrl = (schemes: string) => Type.String({ pattern: `^(${schemes})://[^\\s]+$` });
const File = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

export const redisOptions = {
  url: Type.Optional(
    Type.String({
      pattern: '^((redis|rediss)://|unix:/)[^\\s]+$',
      description: 'One server: `redis://host:6379/0`, `rediss://…` for TLS, or `unix:/path/to/socket`.',
    }),
  ),
  cluster: Type.Optional(
    Type.Array(ServerUrl('redis|rediss'), {
      minItems: 1,
      description: 'Redis Cluster, in place of `url`: some of its nodes, as URLs; the others are found.',
    }),
  ),
  sentinel: Type.Optional(
    Type.Object(
      {
        name: Type.String({ minLength: 1, description: 'Name of the master.' }),
        nodes: Type.Array(ServerUrl('redis|rediss'), {
          minItems: 1,
          description:
            'Some of the sentinels, as URLs: `redis://host:26379`; `rediss://` for TLS to them and to Redis.',
        }),
        username: Type.Optional(Type.String({ description: 'ACL user at the sentinels.' })),
        password: Type.Optional(Type.String({ description: 'Password at the sentinels, or `file:PATH`.' })),
      },
      { ...STRICT, description: 'Redis Sentinel, in place of `url`.' },
    ),
  ),
  database: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'Number of the database, where the `url` does not say it; not of a cluster.',
    }),
  ),
  username: Type.Optional(Type.String({ minLength: 1, description: 'ACL user.' })),
  password: Type.Optional(Type.String({ minLength: 1, description: 'Its password, or `file:PATH` to read it from.' })),
  tls_ca: File('PEM file with the authorities of the server certificate, in place of the system’s.'),
  tls_cert: File('PEM file with the client certificate. Needs `tls_key`.'),
  tls_key: File('PEM file with the private key of `tls_cert`.'),
  prefix: Type.String({
    default: 'weft:',
    pattern: '^[\\w.:-]*$',
    description: 'Begins the name of every key and channel.',
  }),
  timeout: duration({
    default: '2s',
    atLeast: '50ms',
    atMost: '1m',
    description: 'How long a connection or a command may take before Redis counts as away.',
  }),
};

const RedisForm = Type.Object(redisOptions, STRICT);
export type RedisConfig = Static<typeof RedisForm>;

/** Throws ConfigError when the options at `where` do not name exactly one kind of Redis. */
export function checkRedisConfig(where: string, config: RedisConfig): void {
  const named = (['url', 'cluster', 'sentinel'] as const).filter((key) => config[key] !== undefined);
  if (named.length !== 1) {
    const found = named.length === 0 ? 'none' : named.join(' and ');
    throw new ConfigError(`${where}: expected one of url, cluster and sentinel, found ${found}`);
  }
  if ((config.tls_cert === undefined) !== (config.tls_key === undefined))
    throw new ConfigError(`${where}: tls_cert and tls_key belong together: set both or neither`);
  if (config.database !== undefined && config.cluster !== undefined)
    throw new ConfigError(`${where}: a cluster has no databases but 0: remove database`);
  if (config.database !== undefined && /^rediss?:\/\/[^/]*\/\d/.test(config.url ?? ''))
    throw new ConfigError(`${where}: both url and database name a database: keep one`);
  const nodes = config.cluster ?? config.sentinel?.nodes ?? [];
  if (new Set(nodes.map(isTls)).size > 1)
    throw new ConfigError(`${where}: expected redis:// or rediss:// for all nodes, found both`);
}

export function isTls(url: string): boolean {
  return url.startsWith('rediss:');
}
