/** An HTTP server that takes whatever is sent to it and counts the bytes: what is measured beside it is the sender alone. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

let bytes = 0;
const server = createServer((request, response) => {
  request.on('data', (chunk: Buffer) => (bytes += chunk.length));
  request.on('end', () => response.writeHead(204).end());
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ port }));
});
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ bytes }));
  process.exit(0);
});
