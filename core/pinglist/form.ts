/** The version 1 form of a pinglist: what the controller answers and what a pinglist file holds (DESIGN.md section 8). */

import { duration, STRICT, Type } from '../config/schema.js';
import { MAX_PAYLOAD_BYTES } from './limits.js';

const whole = (minimum: number, maximum: number, byDefault: number) =>
  Type.Integer({ minimum, maximum, default: byDefault });

const common = {
  dst: Type.String({ minLength: 1, maxLength: 255 }),
  interval: duration({ default: '1s', atLeast: '10ms', atMost: '1d' }),
  timeout: duration({ default: '500ms', atLeast: '1ms', atMost: '1m' }),
  paths: whole(1, 256, 1),
  first_path: whole(0, 255, 0),
  payload_bytes: whole(0, MAX_PAYLOAD_BYTES, 44),
  dscp: whole(0, 63, 0),
  ttl: whole(1, 255, 255),
  mode: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  labels: Type.Record(Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }), Type.String(), { ...STRICT, default: {} }),
};

export const UdpForm = Type.Object(
  {
    transport: Type.Literal('udp'),
    address: Type.String(),
    // RFC 8762: the STAMP port.
    port: whole(1, 65_535, 862),
    plain: Type.Boolean({ default: false }),
    ...common,
  },
  STRICT,
);

export const HTTP_PROBE_DEFAULTS = { path: '/', host: '', status: 200 } as const;

/** Visible ASCII: the text stands in a request as it is, so no line may end in it. */
export const HTTP_PATH_PATTERN = '^/[!-~]{0,2047}$';
export const HTTP_HOST_PATTERN = '^[!-~]{0,255}$';

const HttpForm = Type.Object(
  {
    path: Type.String({ pattern: HTTP_PATH_PATTERN, default: HTTP_PROBE_DEFAULTS.path }),
    host: Type.String({ pattern: HTTP_HOST_PATTERN, default: HTTP_PROBE_DEFAULTS.host }),
    status: whole(100, 599, HTTP_PROBE_DEFAULTS.status),
  },
  STRICT,
);

/**
 * TCP has no port of its own for probes: every target names one. Its timeout leaves room for two SYNs to be sent again,
 * so that a lost one is told from a dead host.
 */
export const TcpForm = Type.Object(
  {
    transport: Type.Literal('tcp'),
    address: Type.String(),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    ...common,
    timeout: duration({ default: '3s', atLeast: '1ms', atMost: '1m' }),
    payload_bytes: whole(0, MAX_PAYLOAD_BYTES, 0),
    ttl: whole(1, 255, 64),
    http: Type.Optional(HttpForm),
  },
  STRICT,
);

export const RdmaForm = Type.Object(
  {
    transport: Type.Literal('rdma-ud'),
    gid: Type.String(),
    qpn: Type.Integer({ minimum: 1, maximum: 0xff_ff_ff }),
    lid: whole(0, 0xbf_ff, 0),
    device: Type.Optional(Type.String({ minLength: 1 })),
    ...common,
  },
  STRICT,
);

/** The targets are read one by one, each in the form of its transport: that gives errors people can read. */
export const PinglistForm = Type.Object(
  {
    version: Type.Literal(1),
    revision: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    targets: Type.Array(Type.Unknown()),
  },
  STRICT,
);
