/**
 * Sets up the SDK's exporter for one of the three protocols. Loaded when an output connects: the SDK takes half a second and
 * tens of megabytes.
 */

import { readFile } from 'node:fs/promises';
import {
  CompressionAlgorithm,
  createOtlpNetworkExportDelegate,
  type OTLPExporterNodeConfigBase,
} from '@opentelemetry/otlp-exporter-base';
import { convertLegacyHttpOptions, createOtlpHttpExporterMetrics } from '@opentelemetry/otlp-exporter-base/node-http';
import {
  convertLegacyOtlpGrpcOptions,
  createEmptyMetadata,
  createOtlpGrpcExportDelegate,
  createSslCredentials,
} from '@opentelemetry/otlp-grpc-exporter-base';
import {
  JsonMetricsSerializer,
  MetricsExporterMetricsHelper,
  ProtobufMetricsSerializer,
} from '@opentelemetry/otlp-transformer';
import type { Clock } from '../../../core/clock.js';
import type { PluginContext } from '../../../core/plugin.js';
import { reportSdkTo } from '../../../core/sdk-diagnostics.js';
import { AnswerReader } from './answer-reader.js';
import type { OtlpConfig } from './config.js';
import { type Connection, Exporter } from './exporter.js';
import { HttpTransport } from './http-transport.js';
import { requestOf, resourceOf } from './request.js';
import type { Settings } from './settings.js';
import type { Stream } from './streams.js';

type TlsFiles = Partial<Record<'ca' | 'cert' | 'key', Buffer>>;

/** Reads the TLS files. Throws an Error when one cannot be read, or the environment and the options do not go together. */
export async function openExporter(config: OtlpConfig, settings: Settings, context: PluginContext): Promise<Exporter> {
  const { log, agent } = context;
  reportSdkTo(log);
  const common: OTLPExporterNodeConfigBase = { userAgent: `weft/${agent.version}` };
  if (settings.url !== undefined) common.url = settings.url;
  if (config.timeout !== undefined) common.timeoutMillis = config.timeout;
  if (config.compression !== undefined)
    common.compression = config.compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE;
  const tls = await tlsFiles(config);
  const connection =
    settings.protocol === 'grpc'
      ? openGrpc(config, common, tls)
      : await openHttp(config, common, tls, settings.protocol === 'http/json', context.clock);
  const resource = resourceOf(agent, config.resource_attributes);
  const request = (streams: readonly Stream[]) =>
    requestOf(streams, { resource, version: agent.version, temporality: settings.temporality });
  return new Exporter({ ...connection, request });
}

async function openHttp(
  config: OtlpConfig,
  common: OTLPExporterNodeConfigBase,
  tls: TlsFiles,
  isJson: boolean,
  clock: Clock,
): Promise<Connection> {
  const options = convertLegacyHttpOptions(
    {
      ...common,
      ...(config.headers !== undefined && { headers: config.headers }),
      ...(Object.keys(tls).length > 0 && { httpAgentOptions: { keepAlive: true, ...tls } }),
    },
    'METRICS',
    'v1/metrics',
    { 'Content-Type': isJson ? 'application/json' : 'application/x-protobuf' },
  );
  const { compression, headers } = options;
  const url = new URL(options.url);
  const agent = await options.agentFactory(url.protocol);
  const userAgent = common.userAgent ?? '';
  const transport = new HttpTransport({ url, agent, compression, headers, userAgent, clock });
  const answers = new AnswerReader(isJson ? JsonMetricsSerializer : ProtobufMetricsSerializer);
  const own = createOtlpHttpExporterMetrics(
    'otlp_http_metric_exporter',
    MetricsExporterMetricsHelper,
    url.href,
    undefined,
  );
  const delegate = createOtlpNetworkExportDelegate(options, answers, own, transport);
  return { delegate, answers, abort: (reason) => transport.abort(reason), url: url.href, inSlices: !isJson };
}

function openGrpc(config: OtlpConfig, common: OTLPExporterNodeConfigBase, { ca, cert, key }: TlsFiles): Connection {
  const metadata = createEmptyMetadata();
  for (const [name, value] of Object.entries(config.headers ?? {})) metadata.set(name, value);
  const hasTls = (ca ?? cert) !== undefined;
  const options = convertLegacyOtlpGrpcOptions(
    { ...common, metadata, ...(hasTls && { credentials: createSslCredentials(ca, key, cert) }) },
    'METRICS',
  );
  const answers = new AnswerReader(ProtobufMetricsSerializer);
  const delegate = createOtlpGrpcExportDelegate(
    options,
    answers,
    'otlp_grpc_metric_exporter',
    MetricsExporterMetricsHelper,
    undefined,
    'MetricsExportService',
    '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  );
  return { delegate, answers, abort: () => undefined, url: options.url, inSlices: true };
}

async function tlsFiles({ tls_ca, tls_cert, tls_key }: OtlpConfig): Promise<TlsFiles> {
  const files: TlsFiles = {};
  for (const [name, path] of [
    ['ca', tls_ca],
    ['cert', tls_cert],
    ['key', tls_key],
  ] as const) {
    if (path !== undefined) files[name] = await readFile(path);
  }
  return files;
}
