/**
 * A real Redis with a double of the module RedisTimeSeries in front, since Debian has none: TS.ADD after the published rules
 * (https://redis.io/docs/latest/commands/ts.add/), everything else is the server's.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RedisServer } from './redis-server.js';
import { commandOf, RespReader } from './resp.js';
import { tempFolder } from './temp-folder.js';

export interface Series {
  readonly retentionMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** By ms. */
  readonly samples: Map<number, number>;
}

export class TimeSeriesRedis {
  readonly series = new Map<string, Series>();
  #url = '';

  /** It ends with the test. */
  static async start(t: TestContext, server: RedisServer): Promise<TimeSeriesRedis> {
    const double = new TimeSeriesRedis();
    const path = join(await tempFolder(t), 'ts.sock');
    const sockets = new Set<Socket>();
    const listener = createServer((client) => {
      const upstream = connect(server.socket);
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          for (const each of [client, upstream]) each.destroy();
        });
      }
      double.#serve(client, upstream);
    });
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    });
    await once(listener.listen(path), 'listening');
    double.#url = `unix:${path}`;
    return double;
  }

  get url(): string {
    return this.#url;
  }

  /** Answers go out in the order of the commands, whoever gives them. */
  #serve(client: Socket, upstream: Socket): void {
    /** Of each command that was not answered: the double's answer, or undefined: it is the server's. */
    const order: (string | undefined)[] = [];
    const flush = (): void => {
      while (order[0] !== undefined) client.write(order.shift() ?? '');
    };
    const [commands, replies] = [new RespReader(), new RespReader()];
    client.on('data', (bytes) => {
      for (const message of commands.messages(bytes)) {
        const args = commandOf(message);
        const isOurs = args[0] === 'TS.ADD';
        order.push(isOurs ? this.#add(args.slice(1)) : undefined);
        if (!isOurs) upstream.write(message);
      }
      flush();
    });
    upstream.on('data', (bytes) => {
      for (const message of replies.messages(bytes)) {
        order.shift();
        client.write(message);
        flush();
      }
    });
  }

  #add([key, time = '', value = '', ...options]: string[]): string {
    if (key === undefined || value === '') return "-ERR wrong number of arguments for 'TS.ADD' command\r\n";
    if (!/^\d{1,18}$/.test(time)) return '-ERR TSDB: invalid timestamp, must be a nonnegative integer\r\n';
    if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)) return '-ERR TSDB: invalid value\r\n';
    const labels = labelsOf(options);
    if (labels === undefined) return "-ERR TSDB: Couldn't parse LABELS\r\n";
    const wordAfter = (word: string): string | undefined => {
      const at = options.findIndex((option) => option.toUpperCase() === word);
      return at < 0 ? undefined : options[at + 1];
    };
    const retention = wordAfter('RETENTION') ?? '0';
    if (!/^\d+$/.test(retention)) return "-ERR TSDB: Couldn't parse RETENTION\r\n";
    for (const word of ['CHUNK_SIZE', 'ENCODING', 'DUPLICATE_POLICY'])
      if (wordAfter(word) !== undefined) return `-ERR TSDB: Couldn't parse ${word}\r\n`;
    const series = this.series.get(key) ?? { retentionMs: Number(retention), labels, samples: new Map() };
    const newest = Math.max(...series.samples.keys());
    if (series.retentionMs > 0 && newest - Number(time) > series.retentionMs)
      return '-ERR TSDB: Timestamp is older than retention\r\n';
    if (series.samples.has(Number(time)) && wordAfter('ON_DUPLICATE')?.toUpperCase() !== 'LAST')
      return '-ERR TSDB: Error at upsert, update is not supported when DUPLICATE_POLICY is set to BLOCK mode\r\n';
    this.series.set(key, series);
    series.samples.set(Number(time), Number(value));
    return `:${time}\r\n`;
  }
}

/** All that follows the first LABELS. Undefined where a label is empty, or a value has a character of filters. */
function labelsOf(options: readonly string[]): Record<string, string> | undefined {
  const at = options.findIndex((option) => option.toUpperCase() === 'LABELS');
  const flat = at < 0 ? [] : options.slice(at + 1);
  const labels: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [name = '', value = ''] = [flat[i], flat[i + 1]];
    if (name === '' || value === '' || /[(),]/.test(value)) return undefined;
    labels[name] = value;
  }
  return labels;
}
