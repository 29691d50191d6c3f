/**
 * A strict reader of line protocol, for doubles of servers: the published syntax and nothing else
 * (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/). Throws what it finds wrong.
 */

export type FieldType = 'float' | 'integer' | 'string';

export interface ParsedPoint {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, { readonly type: FieldType; readonly value: number | string }>>;
  readonly time: bigint;
}

/** Lines as they are sent; a line break between quotes ends none. Comments and empty lines are no lines. */
export function splitLines(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  let isQuoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? '';
    if (char === '\\' && isQuoted) {
      line += char + (text[i + 1] ?? '');
      i += 1;
    } else if (char === '\n' && !isQuoted) {
      lines.push(line);
      line = '';
    } else {
      // Quotes mean something behind an equals sign alone, and where a text began there.
      if (char === '"' && (isQuoted || (/[^\\]=$/.test(line) && isInFields(line)))) isQuoted = !isQuoted;
      line += char;
    }
  }
  return [...lines, line].filter((each) => each !== '' && !each.startsWith('#'));
}

function isInFields(line: string): boolean {
  return /(^|[^\\]) /.test(line);
}

export function parseLine(line: string): ParsedPoint {
  const reader = new Reader(line);
  const name = reader.word(', ', ', ');
  if (name === '') throw new Error('missing measurement');
  // Without a prototype: `__proto__` is a key like any other.
  const tags: Record<string, string> = Object.create(null);
  while (reader.skip(',')) {
    const key = reader.word('=', ',= ');
    reader.expect('=');
    const value = reader.word(', ', ',= ');
    if (key === '' || value === '') throw new Error('missing tag key or value');
    if (key in tags) throw new Error('duplicate tag');
    tags[key] = value;
  }
  reader.expect(' ');
  const fields: Record<string, { type: FieldType; value: number | string }> = Object.create(null);
  do {
    const key = reader.word('=', ',= ');
    reader.expect('=');
    if (key === '') throw new Error('missing field key');
    fields[key] = reader.value();
  } while (reader.skip(','));
  reader.expect(' ');
  const time = reader.rest();
  if (!/^-?\d+$/.test(time)) throw new Error(`bad timestamp ${time}`);
  return { name, tags, fields, time: BigInt(time) };
}

class Reader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  skip(char: string): boolean {
    if (this.#line[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  expect(char: string): void {
    if (!this.skip(char)) throw new Error(`expected ${JSON.stringify(char)} at ${this.#at}`);
  }

  /** Up to one of `ends`; a backslash before one of `escapable` takes its meaning away, and elsewhere is itself. */
  word(ends: string, escapable: string): string {
    let text = '';
    for (; this.#at < this.#line.length; this.#at += 1) {
      const char = this.#line[this.#at] ?? '';
      const next = this.#line[this.#at + 1] ?? '';
      if (char === '\\' && next !== '' && escapable.includes(next)) {
        text += next;
        this.#at += 1;
      } else if (ends.includes(char)) break;
      else if (escapable.includes(char)) throw new Error(`unescaped ${JSON.stringify(char)} at ${this.#at}`);
      else if (/[\n\t\r\0]/.test(char)) throw new Error(`control character at ${this.#at}`);
      else text += char;
    }
    if (text.endsWith('\\')) throw new Error('a word ends in a backslash');
    return text;
  }

  value(): { type: FieldType; value: number | string } {
    if (this.skip('"')) return { type: 'string', value: this.#quoted() };
    const [text = ''] = /^[^, ]*/.exec(this.#line.slice(this.#at)) ?? [];
    this.#at += text.length;
    if (/^-?\d+i$/.test(text)) {
      const whole = BigInt(text.slice(0, -1));
      if (BigInt.asIntN(64, whole) !== whole) throw new Error(`integer out of range: ${text}`);
      return { type: 'integer', value: Number(whole) };
    }
    if (!/^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text)) throw new Error(`invalid number ${text}`);
    return { type: 'float', value: Number(text) };
  }

  rest(): string {
    return this.#line.slice(this.#at);
  }

  #quoted(): string {
    let text = '';
    for (; this.#at < this.#line.length; this.#at += 1) {
      const char = this.#line[this.#at] ?? '';
      const next = this.#line[this.#at + 1] ?? '';
      if (char === '"') {
        this.#at += 1;
        return text;
      }
      if (char === '\\' && (next === '"' || next === '\\')) {
        text += next;
        this.#at += 1;
      } else text += char;
    }
    throw new Error('unbalanced quotes');
  }
}
