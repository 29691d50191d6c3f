/**
 * One agent's connection to a listener, as cheap as can be: whole requests as bytes, and of an answer only what counts. A client
 * of a library would cost the machine more than the server that is measured on it.
 */

import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const TIMEOUT_MS = 10_000;

interface Waiting {
  readonly resolve: (body: string) => void;
  readonly reject: (error: Error) => void;
}

export class PushConnection {
  readonly #port: number;
  readonly #localAddress: string;
  #socket: Socket | undefined;
  #waiting: Waiting | undefined;
  #received = '';

  constructor(port: number, localAddress: string) {
    this.#port = port;
    this.#localAddress = localAddress;
  }

  /** Sends a whole request; resolves to the body of its answer. Rejects when that is not 200. One at a time. */
  exchange(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket ??= this.#open();
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, localAddress: this.#localAddress, noDelay: true });
    socket.setEncoding('latin1').setTimeout(TIMEOUT_MS);
    socket.on('data', (text: string) => this.#take(text));
    socket.on('timeout', () => {
      if (this.#waiting !== undefined) socket.destroy(new Error('a push was not answered'));
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the listener closed a connection')));
    return socket;
  }

  #take(text: string): void {
    this.#received += text;
    const headBytes = this.#received.indexOf(HEAD_END) + HEAD_END.length;
    if (headBytes < HEAD_END.length) return;
    const bodyBytes = Number(/^content-length: (\d+)/im.exec(this.#received)?.[1]);
    if (this.#received.length < headBytes + bodyBytes) return;
    const [answer, body] = [this.#received, this.#received.slice(headBytes)];
    this.#received = '';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (answer.startsWith('HTTP/1.1 200 ')) waiting?.resolve(body);
    else waiting?.reject(new Error(`a push was answered with ${answer}`));
  }

  #fail(error: Error): void {
    this.#socket = undefined;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
