/**
 * Asks the grid's API. Whatever goes wrong is an ApiError whose message is for people; a request that was given up rejects
 * with the reason of its signal. Grids that have not changed since they were asked for last are not sent again.
 */

import type { Selection } from '../route.js';
import { formatQuery } from './query.js';
import type { Session } from './session.js';
import type { Cdf, CellReport, Host, Pair, Paths, Windows, Worst } from './types.js';
import { decodeGrid, type Grid } from './wire-grid.js';

export class ApiError extends Error {
  /** Of HTTP; 0: there was no answer. */
  readonly status: number;
  /** Such as `no_window`: docs/openapi-grid.json. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface KnownGrid {
  readonly path: string;
  readonly etag: string;
  readonly grid: Grid;
}

export class ApiClient {
  readonly #session: Session;
  #known: KnownGrid | undefined;
  /** Server's clock less this one's, ms: the windows' times are of the server. */
  #aheadMs = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** ms since 1970 by the server's clock. */
  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  async grid(selection: Selection, signal: AbortSignal): Promise<Grid> {
    const path = `v1/grid${formatQuery(selection)}`;
    const known = this.#known?.path === path ? this.#known : undefined;
    const response = await this.#fetch(path, signal, {
      accept: 'application/octet-stream',
      ...(known && { 'if-none-match': known.etag }),
    });
    if (response.status === 304 && known !== undefined) return known.grid;
    const grid = decodeGrid(await response.arrayBuffer());
    const etag = response.headers.get('etag');
    this.#known = etag === null ? undefined : { path, etag, grid };
    return grid;
  }

  windows(signal: AbortSignal): Promise<Windows> {
    return this.#json('v1/windows', signal);
  }

  /** `selection` is that of the grid. */
  cell(src: string, dst: string, selection: Selection, signal: AbortSignal): Promise<CellReport> {
    const { stat: _, ...view } = selection;
    return this.#json(`v1/cell${formatQuery(view, { src, dst })}`, signal);
  }

  pair(src: string, dst: string, { transport, level }: Selection, signal: AbortSignal): Promise<Pair> {
    const names = `${encodeURIComponent(src)}/${encodeURIComponent(dst)}`;
    return this.#json(
      `v1/pairs/${names}${formatQuery({ ...(transport && { transport }), ...(level && { level }) })}`,
      signal,
    );
  }

  /** Of a pair of hosts. */
  paths(src: string, dst: string, { transport, at }: Selection, signal: AbortSignal): Promise<Paths> {
    const names = `${encodeURIComponent(src)}/${encodeURIComponent(dst)}`;
    const query = formatQuery({ ...(transport && { transport }), ...(at !== undefined && { at }) });
    return this.#json(`v1/pairs/${names}/paths${query}`, signal);
  }

  host(name: string, { transport, at, delay, stat }: Selection, n: number, signal: AbortSignal): Promise<Host> {
    const query = {
      ...(transport && { transport }),
      ...(at !== undefined && { at }),
      ...(delay && { delay }),
      ...(stat && { stat }),
    };
    return this.#json(`v1/hosts/${encodeURIComponent(name)}${formatQuery(query, { n })}`, signal);
  }

  /** Of a pair, of one end, or of all. */
  cdf(ends: { readonly src?: string; readonly dst?: string }, selection: Selection, signal: AbortSignal): Promise<Cdf> {
    const { transport, level, delay, at } = selection;
    const query = {
      ...(transport && { transport }),
      ...(level && { level }),
      ...(delay && { delay }),
      ...(at && { at }),
    };
    return this.#json(`v1/cdf${formatQuery(query, ends)}`, signal);
  }

  worst(selection: Selection, n: number, signal: AbortSignal): Promise<Worst> {
    return this.#json(`v1/worst${formatQuery(selection, { n })}`, signal);
  }

  /** Where the same grid is to be had as CSV, relative to the page. */
  csvPath(selection: Selection): string {
    return `v1/grid.csv${formatQuery(selection)}`;
  }

  async csv(selection: Selection, signal: AbortSignal): Promise<Blob> {
    return (await this.#fetch(this.csvPath(selection), signal)).blob();
  }

  /** Lines of server-sent events, until the connection ends. */
  async events(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.#fetch('v1/events', signal, { accept: 'text/event-stream' });
    if (body === null) throw new ApiError(0, 'no_answer', 'the events of the grid have no body');
    return body;
  }

  async #json<T>(path: string, signal: AbortSignal): Promise<T> {
    const response = await this.#fetch(path, signal, { accept: 'application/json' });
    return (await response.json()) as T;
  }

  async #fetch(path: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const response = await this.#send(path, signal, headers);
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date)) this.#aheadMs = date - Date.now();
    if (response.ok || response.status === 304) return response;
    const error = await problemOf(response);
    if (error.status === 401) this.#session.isRefused.set(true);
    throw error;
  }

  async #send(path: string, signal: AbortSignal, headers: Readonly<Record<string, string>>): Promise<Response> {
    try {
      // What is cached is known here; the browser's own cache would keep a copy of each.
      const options = { signal, cache: 'no-store', credentials: 'same-origin' } as const;
      return await fetch(path, { ...options, headers: { ...this.#session.headers, ...headers } });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ApiError(
        0,
        'no_answer',
        'The grid does not answer. It may be restarting, or the network to it is down.',
      );
    }
  }
}

async function problemOf(response: Response): Promise<ApiError> {
  const { status, statusText } = response;
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body === 'object' && body !== null && 'message' in body && 'error' in body)
    return new ApiError(status, String(body.error), String(body.message));
  return new ApiError(status, 'no_problem', `The grid answers with ${status} ${statusText}, and does not say why.`);
}
