/** The bytes that clients and servers of Redis exchange: https://redis.io/docs/latest/develop/reference/protocol-spec/ */

/** Of one direction of a connection: whole messages, as they come. */
export class RespReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Those that are whole with these bytes. */
  *messages(bytes: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (let end = endOf(this.#rest, 0); end !== undefined; end = endOf(this.#rest, 0)) {
      yield this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
    }
  }
}

/** A command is an array of texts of known length. */
export function commandOf(message: Buffer): string[] {
  const args: string[] = [];
  let at = lineEnd(message, 0) ?? message.length;
  while (at < message.length) {
    const start = lineEnd(message, at) ?? message.length;
    const length = Number(message.toString('latin1', at + 1, start - 2));
    args.push(message.toString('utf8', start, start + length));
    at = start + length + 2;
  }
  return args;
}

/** Behind the value that begins at `at`; undefined: it is not whole. */
function endOf(bytes: Buffer, at: number): number | undefined {
  const body = lineEnd(bytes, at);
  if (body === undefined) return undefined;
  const kind = String.fromCharCode(bytes[at] ?? 0);
  const size = Number(bytes.toString('latin1', at + 1, body - 2));
  if ('$!='.includes(kind)) {
    const end = size < 0 ? body : body + size + 2;
    return end <= bytes.length ? end : undefined;
  }
  const values = { '*': size, '~': size, '>': size, '%': 2 * size, '|': 2 * size + 1 }[kind] ?? 0;
  let end: number | undefined = body;
  for (let i = 0; i < values && end !== undefined; i += 1) end = endOf(bytes, end);
  return end;
}

function lineEnd(bytes: Buffer, at: number): number | undefined {
  const found = bytes.indexOf('\r\n', at);
  return found < 0 ? undefined : found + 2;
}
