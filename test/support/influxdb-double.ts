/**
 * A double of InfluxDB 2 and 3 for writers: what the documentation says of their write API, enforced.
 * - 2: `POST /api/v2/write?org&bucket&precision`, `Authorization: Token`; a line that cannot be parsed refuses the whole batch
 *   (400), a field of another type its points (422, `dropped=N`).
 * - 3: `POST /api/v3/write_lp?db&precision&accept_partial&no_sync`, `Authorization: Bearer`; with accept_partial bad lines are
 *   told one by one (400) and the others stored.
 * Both: 401, 404, 413, gzip. Equal series and times overwrite each other.
 */

import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type FieldType, type ParsedPoint, parseLine, splitLines } from './line-parser.js';
import { waitFor } from './wait-for.js';

/** One answer in place of what the double would say. */
export type Scripted = (response: ServerResponse) => void;

export interface SeenWrite {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly lines: readonly string[];
}

const TOKEN = 'secret-token';
const UNITS: Readonly<Record<string, bigint>> = {
  ...{ s: 1_000_000_000n, ms: 1_000_000n, us: 1000n, ns: 1n },
  ...{ second: 1_000_000_000n, millisecond: 1_000_000n, microsecond: 1000n, nanosecond: 1n },
};

export class InfluxdbDouble {
  readonly version: 2 | 3;
  readonly token = TOKEN;
  readonly writes: SeenWrite[] = [];
  /** Of an inflated body; more is 413. */
  maxBodyBytes = 10 * 1024 * 1024;
  /** Used up one by one, before anything is judged. */
  readonly scripted: Scripted[] = [];
  readonly #points = new Map<string, ParsedPoint>();
  readonly #types = new Map<string, FieldType | 'tag'>();
  readonly #arrivals = new EventEmitter();
  #url = '';

  private constructor(version: 2 | 3) {
    this.version = version;
  }

  static async start(t: TestContext, version: 2 | 3, tls?: ServerOptions): Promise<InfluxdbDouble> {
    const double = new InfluxdbDouble(version);
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void double.#take(request, response);
    const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    double.#url = `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`;
    return double;
  }

  get url(): string {
    return this.#url;
  }

  /** Resolves when it has been written to so often. */
  async written(times: number): Promise<void> {
    const turn = () => once(this.#arrivals, 'write');
    await waitFor(`${times} writes`, () => this.writes.length >= times, { turn, seen: () => this.writes.length });
  }

  /** Options of an output that writes here. */
  get options(): object {
    const place = this.version === 2 ? { organization: 'ops', bucket: 'weft' } : { database: 'weft' };
    return { url: this.#url, version: this.version, token: this.token, ...place };
  }

  /** What is stored; times in ns. */
  get points(): readonly ParsedPoint[] {
    return [...this.#points.values()];
  }

  clear(): void {
    this.#points.clear();
    this.#types.clear();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const { pathname: path, searchParams } = new URL(request.url ?? '', 'http://double');
    const query = Object.fromEntries(searchParams);
    const lines = splitLines(body.toString('utf8'));
    const seen = { path, query, headers: request.headers, lines };
    this.writes.push(seen);
    this.#arrivals.emit('write');
    const scripted = this.scripted.shift();
    if (scripted !== undefined) scripted(response);
    else this.#say(response, body.length > this.maxBodyBytes ? [413, 'request too large'] : this.#judge(seen));
  }

  #judge({ path, query, headers, lines }: SeenWrite): Saying | undefined {
    const [expectedPath, scheme, place] =
      this.version === 2 ? ['/api/v2/write', 'Token', query.bucket] : ['/api/v3/write_lp', 'Bearer', query.db];
    if (path !== expectedPath) return [404, 'path not found'];
    if (headers.authorization !== `${scheme} ${TOKEN}`) return [401, 'unauthorized access'];
    if (place !== 'weft' || (this.version === 2 && query.org !== 'ops')) {
      return [404, `bucket "${place}" not found`];
    }
    const unit = UNITS[query.precision ?? ''];
    if (unit === undefined || (query.precision ?? '').length > 2 !== (this.version === 3)) {
      return [400, 'invalid precision'];
    }
    return this.#store(lines, unit, query.accept_partial === 'true');
  }

  #store(lines: readonly string[], unit: bigint, isPartial: boolean): Saying | undefined {
    const bad: { line_number: number; error_message: string; original_line: string }[] = [];
    const parsed = lines.flatMap((line, i) => {
      try {
        return [{ i, point: parseLine(line) }];
      } catch (error) {
        bad.push({ line_number: i + 1, error_message: String(error), original_line: line.slice(0, 20) });
        return [];
      }
    });
    const [first] = bad;
    if (first !== undefined && !(this.version === 3 && isPartial)) {
      const said = `unable to parse '${lines[first.line_number - 1]}': ${first.error_message}`;
      return [400, said, this.version === 3 ? { data: bad } : { code: 'invalid' }];
    }
    let conflict = '';
    for (const { i, point } of parsed) {
      const clash = this.#conflict(point);
      if (clash === undefined) this.#keep(point, unit);
      else {
        conflict = clash;
        bad.push({ line_number: i + 1, error_message: clash, original_line: (lines[i] ?? '').slice(0, 20) });
      }
    }
    if (bad.length === 0) return undefined;
    if (this.version === 3) return [400, 'partial write of line protocol occurred', { data: bad }];
    const said = `failure writing points to database: partial write: ${conflict} dropped=${bad.length}`;
    return [422, said, { code: 'unprocessable entity' }];
  }

  #conflict({ name, tags, fields }: ParsedPoint): string | undefined {
    // In version 3 tags and fields are columns of one table.
    if (this.version === 3) {
      for (const tag of Object.keys(tags)) {
        if (tag in fields || tag === 'time' || (this.#types.get(`${name}\0${tag}`) ?? 'tag') !== 'tag')
          return `invalid column type for column '${tag}'`;
      }
    }
    for (const [key, { type }] of Object.entries(fields)) {
      const known = this.#types.get(`${name}\0${key}`);
      if (known === undefined || known === type) continue;
      if (this.version === 3) return `invalid column type for column '${key}', expected ${known}, got ${type}`;
      return `field type conflict: input field "${key}" on measurement "${name}" is type ${type}, already exists as type ${known}`;
    }
    return undefined;
  }

  #keep(point: ParsedPoint, unit: bigint): void {
    const { name, tags, fields } = point;
    for (const tag of this.version === 3 ? Object.keys(tags) : []) this.#types.set(`${name}\0${tag}`, 'tag');
    for (const [key, { type }] of Object.entries(fields)) this.#types.set(`${name}\0${key}`, type);
    const time = point.time * unit;
    const series = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
    this.#points.set(JSON.stringify([name, series, String(time)]), { ...point, time });
  }

  #say(response: ServerResponse, saying: Saying | undefined): void {
    if (saying === undefined) {
      response.writeHead(204).end();
      return;
    }
    const [status, message, more = {}] = saying;
    const body = this.version === 2 ? { code: 'error', message, ...more } : { error: message, ...more };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}

/** A status, a message, and what else the body has. */
type Saying = readonly [number, string, object?];

/** An answer without a body, or with one that InfluxDB would not give. */
export const answering =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Scripted =>
  (response) => {
    response.writeHead(status, headers).end(body);
  };
