/** Server-sent events (WHATWG HTML, section 9.2): who listens is told of every window that is added or settles. */

import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../../../core/clock.js';

/** Comments keep the connection from being taken for dead, here and on the way. */
const HEARTBEAT_MS = 10_000;
const MAX_STREAMS = 64;
/** A listener that does not read is cut off before it holds more than this. */
const MAX_WAITING_BYTES = 64 * 1024;

export class EventStreams {
  readonly #clock: Clock;
  readonly #open = new Set<ServerResponse>();
  #heartbeat: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isFull(): boolean {
    return this.#open.size >= MAX_STREAMS;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Answers with a stream that stays open. */
  add(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    response.write(': weft\n\n');
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    this.#schedule();
  }

  /** `data` is sent as JSON, which has no line breaks. */
  send(event: string, data: object): void {
    this.#write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Ends all streams; there may be new ones afterwards. */
  close(): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
    for (const response of this.#open) response.end();
    this.#open.clear();
  }

  #write(text: string): void {
    for (const response of this.#open) {
      if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
      else response.write(text);
    }
  }

  #schedule(): void {
    this.#heartbeat ??= this.#clock.after(HEARTBEAT_MS, () => {
      this.#heartbeat = undefined;
      if (this.#open.size === 0) return;
      this.#write(':\n\n');
      this.#schedule();
    });
  }
}
