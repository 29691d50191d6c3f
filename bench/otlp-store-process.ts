/**
 * An OTLP receiver over HTTP that keeps the numbers it got (`numbers` of test/support/numbers-input.ts) in a file: `FILE [PORT]`.
 * Each is in the file before the answer goes out, so that a kill loses nothing that was answered.
 */

import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExportMetricsServiceRequest } from '../test/support/otlp-definitions.js';

/** Of a decoded request, what is read here. */
interface Request {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly gauge?: { readonly dataPoints: readonly { readonly asDouble: number }[] };
      }[];
    }[];
  }[];
}

const [path = '', port = '0'] = process.argv.slice(2);
const file = openSync(path, 'a');
const server = createServer(async (request, response) => {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request) pieces.push(piece as Buffer);
  } catch {
    // It broke off: nothing of it counts.
    return;
  }
  writeSync(file, numbersIn(Buffer.concat(pieces)));
  response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
});
server.listen(Number(port), '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});

function numbersIn(body: Buffer): Uint32Array {
  const { resourceMetrics } = ExportMetricsServiceRequest.decode(body) as Request;
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return Uint32Array.from(metrics.flatMap(({ gauge }) => (gauge?.dataPoints ?? []).map(({ asDouble }) => asDouble)));
}
