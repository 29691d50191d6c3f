/** Options of inputs.mesh-listener. */

import { duration, STRICT, type Static, size, Type } from '../../../core/config/schema.js';
import { tlsOptions } from '../../../core/http/tls.js';
import { tokensOption } from '../../../core/http/tokens.js';

export const MeshListenerOptions = Type.Object(
  {
    listen: Type.String({
      default: '127.0.0.1:20119',
      minLength: 1,
      description: 'Where rows are taken in. Beyond loopback it needs `tokens` or `tls_client_ca`.',
    }),
    ...tlsOptions,
    tokens: tokensOption({
      agent: 'to push rows.',
      reader: 'nothing here; one may stand in both places.',
      admin: 'to push rows, too.',
    }),
    allow_src: Type.Array(Type.String({ pattern: '^([^*]+\\*?|\\*)$', examples: ['dc1-*', 'host-a'] }), {
      default: [],
      maxItems: 100_000,
      description: 'Source hosts whose rows are taken: names, or beginnings of names with `*` at the end; none: all.',
    }),
    max_age: duration({
      default: '5m',
      atLeast: '1s',
      atMost: '24h',
      description: 'Rows of windows that ended longer ago are late and refused; so long rows are known again.',
    }),
    max_skew: duration({
      default: '10s',
      atMost: '1h',
      description: 'Rows of windows that end later than this from now are refused: a clock is wrong.',
    }),
    max_body_size: size({ default: '2MiB', description: 'Of one request, as it comes.' }),
    max_inflated_size: size({ default: '16MiB', description: 'Of one request, inflated.' }),
    rate_limit: Type.Integer({
      default: 50,
      minimum: 1,
      maximum: 1_000_000,
      description: 'Requests a second from one source address, with bursts of five seconds’ worth.',
    }),
    max_connections: Type.Integer({
      default: 20_000,
      minimum: 2,
      maximum: 1_000_000,
      description: 'Open connections at most; one address may hold half of them.',
    }),
    max_remembered: Type.Integer({
      default: 12_000_000,
      minimum: 1,
      maximum: 100_000_000,
      description: 'Targets of rows that are known again when they come twice, of all windows within `max_age`.',
    }),
  },
  STRICT,
);
export type MeshListenerConfig = Static<typeof MeshListenerOptions>;
