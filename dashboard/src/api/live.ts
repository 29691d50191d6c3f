/**
 * Word of new windows as they come. Not an EventSource, which cannot send a token: the stream is read by fetch, and a
 * connection that ends, or is silent for longer than the server's heartbeat allows, is made anew with growing patience.
 */

import { Observable } from '../observable.js';
import { type ApiClient, ApiError } from './client.js';
import { EventLines } from './event-lines.js';
import type { Session } from './session.js';

/** `refused`: the server wants a token first. */
export type LinkState = 'connecting' | 'open' | 'lost' | 'refused';

export interface News {
  readonly transport: string;
  readonly newest_ms: number;
  readonly settled_ms?: number;
}

/** Three heartbeats. */
const MAX_SILENCE_MS = 30_000;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;

export class Live {
  readonly state = new Observable<LinkState>('connecting');
  readonly #api: ApiClient;
  readonly #listeners = new Set<(news: News | undefined) => void>();
  #attempt = new AbortController();
  #retry: number | undefined;
  #waitMs = FIRST_WAIT_MS;

  constructor(api: ApiClient, session: Session) {
    this.#api = api;
    session.onToken(() => this.#again());
    // The network is back, or the tab is looked at again: no reason to wait any longer.
    window.addEventListener('online', () => this.#unlessOpen());
    document.addEventListener('visibilitychange', () => document.hidden || this.#unlessOpen());
  }

  /** Undefined: some may have been missed, since the connection was lost. Returns what ends it. */
  onNews(listener: (news: News | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#again();
  }

  #unlessOpen(): void {
    if (this.state.value === 'lost') this.#again();
  }

  #again(): void {
    this.#attempt.abort();
    window.clearTimeout(this.#retry);
    this.#attempt = new AbortController();
    void this.#run(this.#attempt);
  }

  async #run(attempt: AbortController): Promise<void> {
    let failure: unknown;
    try {
      await this.#read(attempt);
    } catch (error) {
      failure = error;
    }
    // Another attempt has taken its place.
    if (attempt !== this.#attempt) return;
    if (failure instanceof ApiError && failure.status === 401) {
      this.state.set('refused');
      return;
    }
    this.state.set('lost');
    this.#retry = window.setTimeout(() => this.#again(), this.#waitMs * (0.75 + Math.random() / 2));
    this.#waitMs = Math.min(this.#waitMs * 2, MAX_WAIT_MS);
  }

  /** Returns when the stream ends. */
  async #read(attempt: AbortController): Promise<void> {
    const silence = new Alarm(MAX_SILENCE_MS, () => attempt.abort());
    try {
      const reader = (await this.#api.events(attempt.signal)).getReader();
      const utf8 = new TextDecoder();
      const wasOpenBefore = this.state.value !== 'connecting';
      this.state.set('open');
      this.#waitMs = FIRST_WAIT_MS;
      if (wasOpenBefore) this.#tell(undefined);
      const lines = new EventLines();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        silence.restart();
        for (const { event, data } of lines.take(utf8.decode(value, { stream: true }))) {
          if (event === 'window') this.#tell(JSON.parse(data) as News);
        }
      }
    } finally {
      silence.cancel();
    }
  }

  #tell(news: News | undefined): void {
    for (const listener of [...this.#listeners]) listener(news);
  }
}

class Alarm {
  readonly #delayMs: number;
  readonly #ring: () => void;
  #timer: number;

  constructor(delayMs: number, ring: () => void) {
    this.#delayMs = delayMs;
    this.#ring = ring;
    this.#timer = window.setTimeout(ring, delayMs);
  }

  restart(): void {
    this.cancel();
    this.#timer = window.setTimeout(this.#ring, this.#delayMs);
  }

  cancel(): void {
    window.clearTimeout(this.#timer);
  }
}
