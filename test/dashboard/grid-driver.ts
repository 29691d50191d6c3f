/** Does on the grid page what hands do, and reads from it what eyes and ears do. */

import type { Locator, Page } from 'playwright-core';

/** Between two places where the pointer looks for a cell, CSS pixels. */
const SEARCH_STEP_PX = 12;

export class GridDriver {
  readonly page: Page;
  readonly canvas: Locator;
  readonly tip: Locator;

  constructor(page: Page) {
    this.page = page;
    this.canvas = page.locator('canvas.heatmap');
    this.tip = page.locator('.tip');
  }

  /** Until a picture is there. */
  async ready(): Promise<void> {
    await this.page.locator('.legend').waitFor();
    await this.frame();
  }

  /** Until what has changed is drawn. */
  async frame(): Promise<void> {
    await this.page.evaluate(
      () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))),
    );
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Names that the labels of `aria-pressed` buttons of a group have. */
  async pressed(group: string): Promise<string[]> {
    return await this.page.getByRole('group', { name: group }).locator('[aria-pressed="true"]').allTextContents();
  }

  /** How many cells the legend says there are of a kind, such as `good` or `no answer`. */
  async cells(kind: string): Promise<number> {
    const entry = this.page.locator('.legend li', { hasText: kind }).first();
    return Number((await entry.locator('.cells').textContent())?.replaceAll(' ', ''));
  }

  /** The middle of a cell, CSS pixels of the page: looked for with the pointer, as one would. */
  async find(src: string, dst: string): Promise<Place> {
    const places = await this.canvas.evaluate(searchCells, [src, dst, SEARCH_STEP_PX] as const);
    const [first, last] = [places[0], places.at(-1)];
    if (first === undefined || last === undefined) throw new Error(`${src} → ${dst} is not on the screen`);
    return { x: (first.x + last.x) / 2, y: (first.y + last.y) / 2 };
  }

  async point(src: string, dst: string): Promise<void> {
    const { x, y } = await this.find(src, dst);
    await this.page.mouse.move(x, y);
  }

  async click(src: string, dst: string): Promise<void> {
    const { x, y } = await this.find(src, dst);
    await this.page.mouse.click(x, y);
  }

  /** Presses a key on the heatmap and returns what is then read aloud first: names and value. */
  async press(key: string): Promise<string> {
    const spoken = this.page.locator('#spoken');
    await this.canvas.press(key);
    return (await spoken.textContent()) ?? '';
  }

  /** What is known of the cell that is read, once it is. */
  async details(): Promise<Record<string, string>> {
    await this.tip.locator('dl').waitFor();
    const [names, texts] = [
      await this.tip.locator('dt').allTextContents(),
      await this.tip.locator('dd').allTextContents(),
    ];
    return Object.fromEntries(names.map((name, i) => [name, texts[i] ?? '']));
  }

  /** Of the screen, as three numbers. */
  async colourAt(x: number, y: number): Promise<number[]> {
    return await this.canvas.evaluate(
      (canvas, [px = 0, py = 0]) => {
        const element = canvas as unknown as PaintedCanvas;
        const { left, top } = element.getBoundingClientRect();
        return Array.from(element.getContext('2d').getImageData(px - left, py - top, 1, 1).data).slice(0, 3);
      },
      [x, y],
    );
  }
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * Runs in the page, so that a hundred looks are one call: the corners of the cell, or none. Each look is a movement of the
 * pointer, and what the tip then says.
 */
function searchCells(node: unknown, [src, dst, step]: readonly [string, string, number]): Place[] {
  const canvas = node as PaintedCanvas;
  const tip = document.querySelector('.tip');
  const namesAt = (clientX: number, clientY: number): string => {
    canvas.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY, bubbles: true }));
    return tip === null || tip.hidden ? '' : (tip.querySelector('.names')?.textContent ?? '');
  };
  const { left, top, right, bottom } = canvas.getBoundingClientRect();
  const found: Place[] = [];
  for (let x = left; x < right; x += step) {
    // A column whose first cell is another destination's is not looked at any further.
    let isColumn = true;
    for (let y = top; y < bottom && isColumn; y += step) {
      const names = namesAt(x, y);
      if (names === `${src} → ${dst}`) found.push({ x, y });
      else if (names !== '') isColumn = names.endsWith(` → ${dst}`);
    }
  }
  return found;
}

/** As much of a canvas as is read here: Node's types know no browser. */
interface PaintedCanvas {
  dispatchEvent(event: unknown): void;
  getBoundingClientRect(): Readonly<Record<'left' | 'top' | 'right' | 'bottom', number>>;
  getContext(kind: '2d'): { getImageData(x: number, y: number, w: number, h: number): { readonly data: Uint8Array } };
}

declare function requestAnimationFrame(callback: () => void): void;

interface PageElement {
  readonly hidden: boolean;
  readonly textContent: string | null;
  querySelector(selector: string): PageElement | null;
}
declare const document: { querySelector(selector: string): PageElement | null };
declare const PointerEvent: new (type: string, options: object) => unknown;
