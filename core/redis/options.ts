/** Options of a Redis that weft keeps something in, wherever they stand, and what a schema cannot say of them. */

import { duration, STRICT, type Static, Type } from '../config/schema.js';
import { ConfigError } from '../errors.js';

const NodeUrl = (example: string) => Type.String({ pattern: '^rediss?://[^\\s]+$', examples: [example] });
const File = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

export const redisOptions = {
  url: Type.Optional(
    Type.String({
      pattern: '^((redis|rediss)://|unix:/)[^\\s]+$',
      examples: ['redis://host:6379/0', 'rediss://host:6379', 'unix:/path/to/socket'],
      description: 'One server: `redis://host:6379/0`, `rediss://…` for TLS, or `unix:/path/to/socket`.',
    }),
  ),
  cluster: Type.Optional(
    Type.Array(NodeUrl('redis://host:6379'), {
      minItems: 1,
      description: 'Redis Cluster, in place of `url`: some of its nodes, as URLs; the others are found.',
    }),
  ),
  sentinel: Type.Optional(
    Type.Object(
      {
        name: Type.String({ minLength: 1, description: 'Name of the master.' }),
        nodes: Type.Array(NodeUrl('redis://host:26379'), {
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

/** Throws ConfigError when the options do not name exactly one kind of Redis, or contradict each other. `where`: what has them. */
export function checkRedisConfig(config: RedisConfig, where?: string): void {
  const fault = placeFault(config) ?? credentialFault(config);
  if (fault !== undefined) throw new ConfigError(where === undefined ? fault : `${where}: ${fault}`);
}

function placeFault(config: RedisConfig): string | undefined {
  const { url = '', cluster, sentinel, database } = config;
  const named = (['url', 'cluster', 'sentinel'] as const).filter((key) => config[key] !== undefined);
  if (named.length !== 1)
    return `expected one of url, cluster and sentinel, found ${named.length === 0 ? 'none' : named.join(' and ')}`;
  if (database !== undefined && cluster !== undefined) return 'a cluster has no databases but 0: remove database';
  const nodes = cluster ?? sentinel?.nodes ?? [];
  const fault = nodes.length > 0 ? nodes.map(nodeFault).find(Boolean) : urlFault(url);
  if (fault !== undefined) return `${named[0]}: ${fault}`;
  if (database !== undefined && /^rediss?:\/\/[^/]*\/\d/.test(url))
    return 'both url and database name a database: keep one';
  return new Set(nodes.map(isTls)).size > 1 ? 'expected redis:// or rediss:// for all nodes, found both' : undefined;
}

function urlFault(text: string): string | undefined {
  if (text.startsWith('unix:')) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.hostname !== '' && /^\/?\d*$/.test(url.pathname)) return undefined;
  return `expected one such as "redis://host:6379/0", found "${withoutLogin(text)}"`;
}

/** Of a cluster or of sentinels: the other nodes are found, and reached like these. */
function nodeFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && `${url.username}${url.password}` !== '')
    return 'expected no name and password in it; use username and password';
  if (url !== undefined && url.hostname !== '' && /^\/?$/.test(url.pathname)) return undefined;
  return `expected URLs such as "redis://host:6379", found "${withoutLogin(text)}"`;
}

function credentialFault(config: RedisConfig): string | undefined {
  const { url = '', cluster, sentinel, username, password, tls_ca: ca, tls_cert: cert, tls_key: key } = config;
  if ((cert === undefined) !== (key === undefined)) return 'tls_cert and tls_key belong together: set both or neither';
  if ((ca ?? cert) !== undefined && !isTls(cluster?.[0] ?? sentinel?.nodes[0] ?? url))
    return 'tls_ca, tls_cert and tls_key need rediss:// in place of redis://';
  if ((username ?? password) !== undefined && withoutLogin(url) !== url)
    return 'both url and username or password name a user: keep one';
  const empty = [password, sentinel?.password].includes('file:');
  return empty ? 'password: expected a path after "file:", found none' : undefined;
}

/** For messages. */
export function withoutLogin(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}

export function isTls(url: string): boolean {
  return url.startsWith('rediss:');
}
