/** Options of outputs.otlp. What is not set here is taken from `OTEL_EXPORTER_OTLP_*`, then from the specification. */

import { duration, optionalText, STRICT, type Static, Type } from '../../../core/config/schema.js';

const oneOf = <T extends string>(values: readonly T[], description: string) =>
  Type.Optional(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { description },
    ),
  );

export const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
export type Protocol = (typeof PROTOCOLS)[number];
export const COMPRESSIONS = ['gzip', 'none'] as const;
export const TEMPORALITIES = ['cumulative', 'delta'] as const;
export type Temporality = (typeof TEMPORALITIES)[number];

export const OtlpOptions = Type.Object(
  {
    endpoint: optionalText(
      'Where the receiver is: `http://` or `https://`, host and port. Over HTTP `/v1/metrics` is appended unless the path ends so. Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, else this host at port 4318 (HTTP) or 4317 (gRPC).',
    ),
    protocol: oneOf(PROTOCOLS, 'How it is spoken to. Default: `OTEL_EXPORTER_OTLP_PROTOCOL`, else `http/protobuf`.'),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'Sent with each request, such as `authorization`; added to `OTEL_EXPORTER_OTLP_HEADERS`.',
      }),
    ),
    compression: oneOf(COMPRESSIONS, 'Of what is sent. Default: `OTEL_EXPORTER_OTLP_COMPRESSION`, else `none`.'),
    timeout: Type.Optional(
      duration({
        atLeast: '100ms',
        atMost: '25s',
        description: 'How long one request may take. Default: `OTEL_EXPORTER_OTLP_TIMEOUT`, else `10s`.',
      }),
    ),
    temporality: oneOf(
      TEMPORALITIES,
      'What counts and distributions say: all since the start (`cumulative`) or since the last point (`delta`). Default: `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, else `cumulative`.',
    ),
    tls_ca: optionalText('PEM file with the authorities of the receiver’s certificate, in place of the system’s.'),
    tls_cert: optionalText('PEM file with the client certificate and its chain. Needs `tls_key`.'),
    tls_key: optionalText('PEM file with the private key of `tls_cert`.'),
    resource_attributes: Type.Record(Type.String(), Type.String(), {
      default: {},
      description: 'Attributes of the resource, added to those of weft and of `OTEL_RESOURCE_ATTRIBUTES`.',
    }),
    series_expiry: duration({
      default: '10m',
      atLeast: '1s',
      description: 'Forget the totals of a series that got no metric for this long; if it comes back it starts anew.',
    }),
    max_series: Type.Integer({
      default: 200_000,
      minimum: 1,
      description: 'Series (name and tags) whose totals are held at most; metrics of further ones are rejected.',
    }),
  },
  STRICT,
);
export type OtlpConfig = Static<typeof OtlpOptions>;
