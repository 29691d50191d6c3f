/** Server-sent events (WHATWG HTML, section 9.2.6) as far as the grid sends them: `event`, `data`, comments. */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** Takes the stream in pieces as they come. */
export class EventLines {
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** The events that `text` completes. */
  take(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): ServerEvent | undefined {
    if (line === '') return this.#end();
    const [, name, value = ''] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (name === 'event') this.#event = value;
    if (name === 'data') this.#data.push(value);
    return undefined;
  }

  #end(): ServerEvent | undefined {
    const found = this.#data.length === 0 ? undefined : { event: this.#event, data: this.#data.join('\n') };
    this.#event = '';
    this.#data = [];
    return found;
  }
}
