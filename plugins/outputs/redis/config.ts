/** Options of outputs.redis, and what a schema cannot say of them. */

import { duration, goesWith, STRICT, type Static, Type } from '../../../core/config/schema.js';
import { ConfigError } from '../../../core/errors.js';
import { checkRedisConfig, redisOptions } from '../../../core/redis/options.js';

/** In the names of keys that PingWeave's plotter passes over. */
const PINGWEAVE_MARK = 'redis_pingweave';

const TimeSeriesForm = Type.Object(
  {
    retention: duration({ default: '24h', atLeast: '1s', description: 'How long samples are kept.' }),
    figures: Type.Array(Type.String({ minLength: 1 }), {
      default: ['*'],
      minItems: 1,
      description: 'Glob patterns of figures, such as `network_rtt_p99`, `*_p50` or `loss`: a series each.',
    }),
  },
  { ...STRICT, description: 'Write figures to time series, too (the module RedisTimeSeries, Redis 8); default: none.' },
);

export const RedisOptions = Type.Object(
  {
    ...redisOptions,
    expire_after: duration({
      default: '5m',
      atLeast: '1s',
      description: 'When the latest window of a pair goes that is followed by no other.',
    }),
    stream_length: Type.Integer({
      default: 100_000,
      minimum: 0,
      description: 'Windows that the stream of each transport keeps, or a few more; `0`: no streams.',
    }),
    publish: Type.Boolean({
      default: false,
      description: 'Publish what was stored: a message for each source and window.',
    }),
    time_series: Type.Optional(TimeSeriesForm),
    replicas: Type.Integer({
      default: 0,
      minimum: 0,
      description: 'Replicas of each master that must have a write before it counts; `0`: the master is enough.',
    }),
    pingweave_keys: Type.Boolean({
      default: false,
      description: `Write PingWeave’s keys, too, for its plotter. \`prefix\` must contain \`${PINGWEAVE_MARK}\`.`,
    }),
    pingweave_rdma: Type.Union([Type.Literal('roce'), Type.Literal('ib')], {
      default: 'roce',
      description: 'What RDMA is called there.',
    }),
  },
  { ...STRICT, ...goesWith({ pingweave_keys: ['pingweave_rdma'] }) },
);
export type RedisOutputConfig = Static<typeof RedisOptions>;

/** Throws ConfigError. */
export function checkOptions(config: RedisOutputConfig): void {
  checkRedisConfig(config);
  if (config.pingweave_keys && !config.prefix.includes(PINGWEAVE_MARK))
    throw new ConfigError(
      `prefix: PingWeave’s plotter stops at keys it does not know, unless their names contain ${PINGWEAVE_MARK}: set prefix to "weft:${PINGWEAVE_MARK}:"`,
    );
}
