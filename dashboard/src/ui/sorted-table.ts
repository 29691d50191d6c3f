/** A table that is sorted by the column whose head is pressed; pressed again, the other way round. */

import { fill, h } from './dom.js';

export interface Column<T> {
  readonly title: string;
  readonly isNumber?: boolean;
  /** What it is sorted by; null comes first where the largest does: no value is worse than any. */
  readonly key: (row: T) => number | string | null;
  readonly show: (row: T) => Node | string;
}

export interface Sorting {
  readonly column: number;
  readonly isDescending: boolean;
}

export class SortedTable<T> {
  readonly element: HTMLTableElement;
  readonly #columns: readonly Column<T>[];
  readonly #head = h('tr');
  readonly #body = h('tbody');
  #rows: readonly T[] = [];
  /** Undefined: as the server has it. */
  #sorting: Sorting | undefined;

  constructor(label: string, columns: readonly Column<T>[]) {
    this.#columns = columns;
    this.element = h('table', { class: 'sorted' }, h('caption', {}, label), h('thead', {}, this.#head), this.#body);
    const heads = columns.map(({ title, isNumber }, column) =>
      h(
        'th',
        { scope: 'col', ...(isNumber && { class: 'number' }) },
        h('button', { type: 'button', class: 'plain', onclick: () => this.#press(column) }, title),
      ),
    );
    fill(this.#head, ...heads);
  }

  show(rows: readonly T[]): void {
    this.#rows = rows;
    this.#draw();
  }

  #press(column: number): void {
    const { isNumber = false } = this.#columns[column] ?? {};
    const same = this.#sorting?.column === column ? this.#sorting : undefined;
    this.#sorting = { column, isDescending: same === undefined ? isNumber : !same.isDescending };
    this.#draw();
  }

  #draw(): void {
    for (const [i, head] of [...this.#head.children].entries()) {
      if (this.#sorting?.column === i)
        head.setAttribute('aria-sort', this.#sorting.isDescending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    const rows = this.#sorting === undefined ? this.#rows : sorted(this.#rows, this.#columns, this.#sorting);
    const cells = (row: T) =>
      this.#columns.map(({ show, isNumber }) => h('td', { ...(isNumber && { class: 'number' }) }, show(row)));
    fill(this.#body, ...rows.map((row) => h('tr', {}, ...cells(row))));
  }
}

/** Stable. */
export function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], { column, isDescending }: Sorting): T[] {
  const key = columns[column]?.key ?? (() => 0);
  const order = (a: T, b: T): number => compare(key(a), key(b));
  return rows.toSorted((a, b) => (isDescending ? order(b, a) : order(a, b)));
}

function compare(a: number | string | null, b: number | string | null): number {
  if (typeof a === 'string' || typeof b === 'string')
    return String(a).localeCompare(String(b), 'en', { numeric: true });
  const [left, right] = [a ?? Number.POSITIVE_INFINITY, b ?? Number.POSITIVE_INFINITY];
  return left === right ? 0 : left - right;
}
