/**
 * The cells as images, one pixel a cell. Painted once for a grid; drawing is scaling them, so that a million cells pan as
 * smoothly as ten. Where several cells share a pixel of the screen the worst one is shown: a single bad pair among a million
 * must not vanish.
 */

import { cellValue, FAILED, type Grid, MAX_CODE, NO_DATA } from '../api/wire-grid.js';
import type { CellColours, Rgb } from './colours.js';
import { colourOf, type Scale } from './scale.js';

interface Codes {
  readonly columns: number;
  readonly rows: number;
  readonly codes: Uint16Array;
}

export interface CellImage {
  readonly canvas: HTMLCanvasElement;
  /** Cells of an edge of a pixel: 1, 2, 4, … */
  readonly cells: number;
}

export class CellImages {
  readonly #colours: Uint32Array;
  /** Each half as wide and high as the one before it. */
  readonly #reduced: Codes[];
  readonly #images: CellImage[] = [];

  constructor(grid: Grid, scale: Scale, colours: CellColours) {
    this.#colours = colourTable(scale, colours, grid.unit === 'ratio');
    this.#reduced = [{ columns: grid.dst.length, rows: grid.src.length, codes: grid.codes }];
  }

  /** For cells of `pixels` pixels of the screen: at most one pixel of the image for each of those. */
  at(pixels: number): CellImage {
    const level = Math.max(0, Math.ceil(Math.log2(1 / pixels) - 0.01));
    const known = this.#images[level];
    if (known !== undefined) return known;
    const image = { canvas: paint(this.#codesAt(level), this.#colours), cells: 2 ** level };
    this.#images[level] = image;
    return image;
  }

  #codesAt(level: number): Codes {
    let last = this.#reduced.at(-1) as Codes;
    while (this.#reduced.length <= level) {
      last = halved(last);
      this.#reduced.push(last);
    }
    return this.#reduced[level] ?? last;
  }
}

function paint({ columns, rows, codes }: Codes, table: Uint32Array): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext('2d');
  if (context === null || codes.length === 0) return canvas;
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < codes.length; i += 1) pixels[i] = table[codes[i] ?? 0] ?? 0;
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Each cell the worst of up to four. */
function halved({ columns, rows, codes }: Codes): Codes {
  const [width, height] = [Math.ceil(columns / 2), Math.ceil(rows / 2)];
  const worst = new Uint16Array(width * height);
  for (let row = 0; row < rows; row += 1) {
    const to = (row >> 1) * width;
    for (let column = 0; column < columns; column += 1) {
      const code = codes[row * columns + column] ?? 0;
      const at = to + (column >> 1);
      if (severity(code) > severity(worst[at] ?? 0)) worst[at] = code;
    }
  }
  return { columns: width, rows: height, codes: worst };
}

/** No data, then values, then failure. */
function severity(code: number): number {
  return code === FAILED ? MAX_CODE + 1 : code;
}

/** Pixel of each code, in the machine's order of bytes. */
function colourTable(scale: Scale, colours: CellColours, isRatio: boolean): Uint32Array {
  const table = new Uint32Array(MAX_CODE + 1);
  for (let code = 0; code <= MAX_CODE; code += 1) {
    const value = cellValue(code, isRatio);
    table[code] = pixelOf(value === undefined ? withoutValue(code, colours) : colourOf(scale, colours, value));
  }
  return table;
}

function withoutValue(code: number, { noData, failed }: CellColours): Rgb {
  return code === NO_DATA ? noData : failed;
}

const bytes = new Uint8Array(4);
const word = new Uint32Array(bytes.buffer);

function pixelOf(rgb: Rgb): number {
  bytes.set([...rgb, 255]);
  return word[0] ?? 0;
}
