/**
 * OTLP receivers, over HTTP and gRPC, that read requests by the official definitions: the code that the OpenTelemetry project
 * generated from opentelemetry-proto, as one of its older packages has it. What weft sends with is not used to read.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import {
  ExportMetricsServiceRequest as Request,
  ExportMetricsServiceResponse as Response,
} from '../../../support/otlp-definitions.js';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}
/** 64-bit integers are decimal strings. */
export interface DataPoint {
  readonly attributes?: readonly Attribute[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asInt?: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly scale?: number;
  readonly zeroCount?: string;
  readonly zeroThreshold?: number;
  readonly positive?: { readonly offset?: number; readonly bucketCounts?: readonly string[] };
  readonly negative?: { readonly offset?: number; readonly bucketCounts?: readonly string[] };
}
interface Data {
  readonly dataPoints: readonly DataPoint[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}
interface Metric {
  readonly name: string;
  readonly unit?: string;
  readonly sum?: Data;
  readonly gauge?: Data;
  readonly exponentialHistogram?: Data;
}
export interface ExportRequest {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeMetrics: readonly { readonly scope: { name: string }; readonly metrics: readonly Metric[] }[];
  }[];
}

export interface Received {
  readonly request: ExportRequest;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly path: string;
}

/** What an HTTP receiver answers; `partial` becomes the body of a 200. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly partial?: { readonly rejectedDataPoints?: number; readonly errorMessage?: string };
  readonly body?: string;
  /** Ends the connection in the middle of the body. */
  readonly cut?: boolean;
  /** Never answers. */
  readonly hold?: boolean;
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Answers of the requests to come, in turn; then all are taken. */
  readonly replies: Reply[];
  /** What is answered when no reply waits; nothing: taken. */
  judge?: (points: readonly FlatPoint[]) => Reply | undefined;
}

export async function httpReceiver(t: TestContext, tls?: object): Promise<Receiver> {
  const received: Received[] = [];
  const replies: Reply[] = [];
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const scheme = tls === undefined ? 'http' : 'https';
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const receiver: Receiver = { url, received, replies };
  server.on('request', async (request, response) => {
    const type = request.headers['content-type'];
    const isJson = type === 'application/json';
    const came = {
      request: decoded(await bodyOf(request), isJson),
      headers: request.headers,
      path: request.url ?? '',
    };
    received.push(came);
    const reply = replies.shift() ?? receiver.judge?.(pointsOf(came)) ?? {};
    if (reply.hold === true) return;
    response.writeHead(reply.status ?? 200, { 'content-type': type, ...reply.headers });
    if (reply.cut !== true) return void response.end(reply.body ?? responseBytes(reply.partial, isJson));
    response.write('\n', () => response.destroy());
  });
  return receiver;
}

export interface GrpcReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Failures of the calls to come, in turn, or what else becomes of them. */
  readonly replies: (Partial<grpc.StatusObject> | Required<Pick<Reply, 'partial'>> | Required<Pick<Reply, 'hold'>>)[];
}

/** `tls`: demands a client certificate of the same authority. */
export async function grpcReceiver(
  t: TestContext,
  { tls, ...options }: grpc.ServerOptions & { readonly tls?: Record<'ca' | 'cert' | 'key', Buffer> } = {},
): Promise<GrpcReceiver> {
  const received: Received[] = [];
  const replies: GrpcReceiver['replies'] = [];
  const path = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
  const asIs = (bytes: Buffer): Buffer => bytes;
  const server = new grpc.Server(options);
  server.addService(
    {
      export: {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    {
      export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
        received.push({
          request: decoded(call.request, false),
          headers: call.metadata.toHttp2Headers() as never,
          path,
        });
        const reply = replies.shift();
        if (reply === undefined) answer(null, Buffer.from(responseBytes(undefined, false)));
        else if ('partial' in reply) answer(null, Buffer.from(responseBytes(reply.partial, false)));
        else if (!('hold' in reply)) answer(reply as grpc.StatusObject);
      },
    },
  );
  t.after(() => server.forceShutdown());
  const { createInsecure, createSsl } = grpc.ServerCredentials;
  const credentials =
    tls === undefined ? createInsecure() : createSsl(tls.ca, [{ cert_chain: tls.cert, private_key: tls.key }], true);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error))),
  );
  return { url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`, received, replies };
}

/** A point with what stands around it. */
export interface FlatPoint extends DataPoint {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'sum' | 'gauge' | 'exponentialHistogram';
  /** 1: delta, 2: cumulative. */
  readonly temporality: number | undefined;
  readonly isMonotonic: boolean | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export function pointsOf({ request }: Pick<Received, 'request'>): FlatPoint[] {
  const flat: FlatPoint[] = [];
  for (const { scopeMetrics } of request.resourceMetrics) {
    for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
      for (const kind of ['sum', 'gauge', 'exponentialHistogram'] as const) {
        const data = metric[kind];
        for (const point of data?.dataPoints ?? []) {
          const { aggregationTemporality: temporality, isMonotonic } = data ?? {};
          const { name, unit = '' } = metric;
          flat.push({ ...point, name, unit, kind, temporality, isMonotonic, tags: textOf(point.attributes ?? []) });
        }
      }
    }
  }
  return flat;
}

export function resourceOf({ request }: Pick<Received, 'request'>): Record<string, string> {
  return textOf(request.resourceMetrics[0]?.resource.attributes ?? []);
}

const textOf = (attributes: readonly Attribute[]): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? '']));

function decoded(body: Buffer, isJson: boolean): ExportRequest {
  const message = isJson ? Request.fromObject(JSON.parse(body.toString())) : Request.decode(body);
  return Request.toObject(message, { longs: String }) as ExportRequest;
}

function responseBytes(partialSuccess: Reply['partial'], isJson: boolean): Uint8Array {
  const response = partialSuccess === undefined ? {} : { partialSuccess };
  if (isJson) return Buffer.from(JSON.stringify(response));
  return Response.encode(Response.fromObject(response)).finish();
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}
