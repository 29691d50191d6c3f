/** The version 1 form of a pinglist: what the controller answers and what a pinglist file holds (DESIGN.md section 8). */

import { STRICT, Type } from '../config/schema.js';
import { MAX_PAYLOAD_BYTES } from './limits.js';

/** What a target has that does not say otherwise. */
export const TARGET_DEFAULTS = {
  intervalMs: 1000,
  timeoutMs: 500,
  paths: 1,
  payloadBytes: 44,
  dscp: 0,
  ttl: 255,
  /** RFC 8762: the STAMP port. TCP has no such port; its targets name one. */
  udpPort: 862,
} as const;

export const MAX_INTERVAL_MS = 24 * 3600 * 1000;
export const MAX_TIMEOUT_MS = 60 * 1000;

const duration = () => Type.String({ format: 'duration' });
const whole = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum });

const common = {
  dst: Type.String({ minLength: 1, maxLength: 255 }),
  interval: Type.Optional(duration()),
  timeout: Type.Optional(duration()),
  paths: Type.Optional(whole(1, 256)),
  payload_bytes: Type.Optional(whole(0, MAX_PAYLOAD_BYTES)),
  dscp: Type.Optional(whole(0, 63)),
  ttl: Type.Optional(whole(1, 255)),
  mode: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  labels: Type.Optional(Type.Record(Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }), Type.String(), STRICT)),
};

export const UdpTargetForm = Type.Object(
  {
    transport: Type.Literal('udp'),
    address: Type.String({ format: 'ip' }),
    port: Type.Optional(whole(1, 65535)),
    plain: Type.Optional(Type.Boolean()),
    ...common,
  },
  STRICT,
);

export const TcpTargetForm = Type.Object(
  { transport: Type.Literal('tcp'), address: Type.String({ format: 'ip' }), port: whole(1, 65535), ...common },
  STRICT,
);

export const RdmaTargetForm = Type.Object(
  {
    transport: Type.Literal('rdma-ud'),
    gid: Type.String({ format: 'gid' }),
    qpn: whole(1, 0xff_ff_ff),
    lid: Type.Optional(whole(0, 0xbfff)),
    device: Type.Optional(Type.String({ minLength: 1 })),
    ...common,
  },
  STRICT,
);

/** The targets are checked one by one, each against the form of its transport: that gives errors people can read. */
export const PinglistForm = Type.Object(
  {
    version: Type.Literal(1),
    revision: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    targets: Type.Array(Type.Unknown()),
  },
  STRICT,
);
