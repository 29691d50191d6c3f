/**
 * A TCP port that is silent: it listens, but its queue of accepted connections is full, so that the kernel drops every
 * further SYN. No privilege is needed for it. Its thread stands still until `open` lets it accept.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { withLimit } from './wait-for.js';

/** Linux holds one connection more than the backlog. */
const BACKLOG = 1;

export interface FullListener {
  readonly port: number;
  /** Accepts what is queued and what comes from now on. */
  open(): void;
  close(): Promise<void>;
}

interface Start {
  readonly gate: SharedArrayBuffer;
}

export async function startFullListener(): Promise<FullListener> {
  const gate = new SharedArrayBuffer(4);
  const worker = new Worker(new URL(import.meta.url), { workerData: { gate } satisfies Start });
  const [port] = (await withLimit('a port that is silent', once(worker, 'message'))) as [number];
  const fillers: Socket[] = [];
  for (let i = 0; i <= BACKLOG; i += 1) {
    const socket = connect({ host: '127.0.0.1', port, autoSelectFamily: false }).on('error', () => {});
    fillers.push(socket);
    await withLimit('a place in its queue', once(socket, 'connect'));
  }
  const open = (): void => {
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
  };
  return {
    port,
    open,
    async close() {
      open();
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}

if (!isMainThread && workerData?.gate instanceof SharedArrayBuffer) {
  const gate = new Int32Array((workerData as Start).gate);
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => {
    parentPort?.postMessage((server.address() as AddressInfo).port);
    // Within this turn of the event loop, which stands still from here on, and with it accept().
    Atomics.wait(gate, 0, 0);
  });
}
