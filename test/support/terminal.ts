/** As much of a terminal as is needed to see what a program drew: text, cursor, the two screens, colours left out. */

const ESC = '\u001b';
const SEQUENCE = new RegExp(`${ESC}\\[(\\??)([0-9;]*)([A-Za-z])|\\r|\\n|[^${ESC}\\r\\n]+`, 'g');

export class Terminal {
  #screen: string[] = [''];
  #normal: string[] | undefined;
  #row = 0;
  #column = 0;
  cursorVisible = true;
  /** Whether any colour was set. */
  coloured = false;

  /** The lines of the screen that shows now. */
  get lines(): readonly string[] {
    return this.#screen.map((line) => line.trimEnd());
  }

  /** Whether the alternate screen shows: the one that leaves no trace. */
  get alternate(): boolean {
    return this.#normal !== undefined;
  }

  write(output: string): void {
    for (const [token, mark, parameters, command] of output.matchAll(SEQUENCE)) {
      if (command !== undefined) this.#control(`${mark}${parameters}${command}`);
      else if (token === '\r') this.#column = 0;
      else if (token === '\n') this.#moveTo(this.#row + 1, this.#column);
      else this.#print(token);
    }
  }

  #control(sequence: string): void {
    const line = this.#screen[this.#row] ?? '';
    if (sequence === 'H') this.#moveTo(0, 0);
    else if (sequence === 'K') this.#screen[this.#row] = line.slice(0, this.#column);
    else if (sequence === 'J') this.#screen = [...this.#screen.slice(0, this.#row), line.slice(0, this.#column)];
    else if (sequence === '?25l' || sequence === '?25h') this.cursorVisible = sequence.endsWith('h');
    else if (sequence === '?1049h') this.#enterAlternate();
    else if (sequence === '?1049l') this.#leaveAlternate();
    else if (sequence.endsWith('m')) this.coloured = true;
    else throw new Error(`this terminal does not know ESC[${sequence}`);
  }

  #print(text: string): void {
    const line = (this.#screen[this.#row] ?? '').padEnd(this.#column);
    this.#screen[this.#row] = line.slice(0, this.#column) + text + line.slice(this.#column + text.length);
    this.#column += text.length;
  }

  #moveTo(row: number, column: number): void {
    this.#row = row;
    this.#column = column;
    while (this.#screen.length <= row) this.#screen.push('');
  }

  #enterAlternate(): void {
    this.#normal = this.#screen;
    this.#screen = [''];
    this.#moveTo(0, 0);
  }

  #leaveAlternate(): void {
    this.#screen = this.#normal ?? this.#screen;
    this.#normal = undefined;
    this.#moveTo(this.#screen.length - 1, (this.#screen.at(-1) ?? '').length);
  }
}
