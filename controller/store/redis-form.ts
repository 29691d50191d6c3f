/** Options of `controller.store` with `type: redis`. */

import { duration, STRICT, type Static, Type } from '../../core/config/schema.js';

const ServerUrl = (schemes: string) => Type.String({ pattern: `^(${schemes})://[^\\s]+$` });
const File = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

export const RedisStoreForm = Type.Object(
  {
    type: Type.Literal('redis'),
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
    username: Type.Optional(Type.String({ minLength: 1, description: 'ACL user.' })),
    password: Type.Optional(
      Type.String({ minLength: 1, description: 'Its password, or `file:PATH` to read it from.' }),
    ),
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
      description: 'How long a connection or a command may take before the store counts as away.',
    }),
  },
  { ...STRICT, description: 'Several controllers share the registry in a Redis or Valkey.' },
);
export type RedisStoreConfig = Static<typeof RedisStoreForm>;
