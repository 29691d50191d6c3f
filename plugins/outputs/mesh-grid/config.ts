/** Options of outputs.mesh-grid. */

import { duration, goesWith, STRICT, type Static, size, Type } from '../../../core/config/schema.js';
import { ConfigError } from '../../../core/errors.js';
import { tlsOptions } from '../../../core/http/tls.js';
import { hasTokens, type TokensConfig, tokenIssues } from '../../../core/http/tokens.js';
import { checkRedisConfig, redisOptions } from '../../../core/redis/options.js';
import { credentialOptions, type PeerConfig, peerUrls } from '../../common/peer/settings.js';
import type { Thresholds } from './thresholds.js';

const Pem = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

const SharedStoreForm = Type.Object(
  {
    type: Type.Literal('redis'),
    ...redisOptions,
    max_pending: size({
      default: '64MiB',
      atLeast: '1MiB',
      description:
        'Memory of what waits for a Redis that is away; beyond, the other servers never see the oldest of it.',
    }),
  },
  {
    ...STRICT,
    description: 'Share the windows with other servers through a Redis or Valkey; default: each has its own.',
  },
);
export type SharedStoreConfig = Static<typeof SharedStoreForm>;

/** PingWeave's steps: milliseconds where kernels stamp, tenths of them where NICs do. */
const SLOW_STEPS = ['1ms', '5ms', '20ms'];
const FAST_STEPS = ['100us', '500us', '5ms'];

/** Options of one mode, by the option that chooses it. */
const MODES = {
  url: ['token', 'tls_ca', 'timeout'],
  listen: [
    ...['tls_client_ca', 'reader_tokens', 'cors_origins', 'store', 'rate_limit'],
    ...['windows', 'max_cells', 'max_bytes', 'max_path_bytes'],
    ...['udp_steps', 'tcp_steps', 'rdma_ud_steps', 'loss_steps', 'pattern_share'],
  ],
};

const steps = (transport: string, values: readonly string[]) =>
  Type.Array(duration({ atLeast: '1us' }), {
    default: [...values],
    minItems: 3,
    maxItems: 3,
    description: `Where a delay of ${transport} is fair, bad and worst; ascending.`,
  });

export const MeshGridOptions = Type.Object(
  {
    url: Type.Optional(
      peerUrls(
        'Push rows there: to a mesh-listener, or to one of a list of equal ones: the next is asked when one fails, and kept while it answers.',
      ),
    ),
    listen: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Serve the grid there. Beyond loopback it needs `reader_tokens` or `tls_client_ca`.',
      }),
    ),
    ...tlsOptions,
    ...credentialOptions('the listener’s'),
    // Of both modes.
    tls_cert: Pem(
      'PEM file with the certificate and its chain, of the server (`listen`) or the client (`url`). Needs `tls_key`.',
    ),
    tls_key: Pem('PEM file with the private key of `tls_cert`.'),
    timeout: duration({
      default: '10s',
      atLeast: '100ms',
      atMost: '25s',
      description: 'How long one request to `url` may take, from the connection to the last byte of the answer.',
    }),
    reader_tokens: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Bearer tokens of who may read: texts of at least 16 characters, or `file:/path`.',
    }),
    cors_origins: Type.Array(
      Type.String({ pattern: '^(\\*|https?://[^/\\s]+)$', examples: ['https://grafana.example', '*'] }),
      {
        default: [],
        description: 'Sites whose pages may read it in a browser, such as `https://grafana.example`; `*`: all.',
      },
    ),
    store: Type.Optional(SharedStoreForm),
    windows: Type.Integer({
      default: 60,
      minimum: 1,
      maximum: 10_000,
      description: 'Windows kept for each transport.',
    }),
    max_cells: Type.Integer({
      default: 20_000_000,
      minimum: 1,
      description: 'Cells (a source, a destination, a window) held at most; then the oldest windows give way.',
    }),
    max_bytes: size({
      default: '700MiB',
      atLeast: '1MiB',
      description: 'Memory of the cells at most; then the oldest windows give way.',
    }),
    max_path_bytes: size({
      default: '64MiB',
      atLeast: '64KiB',
      description:
        'Memory at most, on top of `max_bytes`, of the figures of single paths, which agents with `per_path` tell; those of the oldest windows give way.',
    }),
    rate_limit: Type.Integer({
      default: 50,
      minimum: 1,
      maximum: 1_000_000,
      description: 'Requests a second from one source address, with bursts of five seconds’ worth.',
    }),
    udp_steps: steps('UDP', SLOW_STEPS),
    tcp_steps: steps('TCP', SLOW_STEPS),
    rdma_ud_steps: steps('RDMA', FAST_STEPS),
    loss_steps: Type.Array(Type.Number({ exclusiveMinimum: 0, maximum: 1 }), {
      default: [0.05, 0.2, 0.5],
      minItems: 3,
      maxItems: 3,
      description: 'Where loss is fair, bad and worst; ascending.',
    }),
    pattern_share: Type.Number({
      default: 0.8,
      exclusiveMinimum: 0.5,
      maximum: 1,
      description: 'Of the cells that a pattern is about, the share that has to agree.',
    }),
  },
  { ...STRICT, ...goesWith(MODES) },
);
export type MeshGridConfig = Static<typeof MeshGridOptions>;
export type ServeConfig = MeshGridConfig & { readonly listen: string };
export type PushConfig = PeerConfig & Pick<MeshGridConfig, 'timeout'>;

const NS_PER_MS = 1e6;

export function thresholdsOf(config: ServeConfig, transport: string): Thresholds {
  const ms = { tcp: config.tcp_steps, 'rdma-ud': config.rdma_ud_steps }[transport] ?? config.udp_steps;
  const [fairNs = 0, badNs = 0, worstNs = 0] = ms.map((step) => step * NS_PER_MS);
  const [fair = 0, bad = 0, worst = 0] = config.loss_steps;
  return { latencyNs: [fairNs, badNs, worstNs], loss: [fair, bad, worst], patternShare: config.pattern_share };
}

/** Checks what a schema cannot say; returns the tokens by role. Throws ConfigError. */
export function checkedAccess(config: ServeConfig, isLoopback: boolean): TokensConfig {
  if (config.store !== undefined) checkRedisConfig(config.store, 'store');
  for (const option of ['udp_steps', 'tcp_steps', 'rdma_ud_steps', 'loss_steps'] as const) {
    const [fair = 0, bad = 0, worst = 0] = config[option];
    if (!(fair < bad && bad < worst)) throw new ConfigError(`${option}: the steps must ascend; sort them`);
  }
  const tokens: TokensConfig = { agent: [], reader: config.reader_tokens, admin: [] };
  const [issue] = tokenIssues(tokens);
  if (issue !== undefined)
    throw new ConfigError(`${issue.path.replace('tokens.reader', 'reader_tokens')}: ${issue.message}`);
  if (isLoopback || hasTokens(tokens) || config.tls_client_ca !== undefined) return tokens;
  throw new ConfigError(
    `listen: "${config.listen}" is reached from other hosts, and without tokens anybody there could read the grid: set reader_tokens (or tls_client_ca), or listen on 127.0.0.1`,
  );
}
