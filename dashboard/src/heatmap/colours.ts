/**
 * The colours of cells. What is well recedes, trouble stands out: lightness alone runs from good to failed (darker ground:
 * lighter; light ground: darker), and hue runs from blue over orange to yellow or brown, which people who do not tell red
 * from green see as well (test/dashboard/colours.test.ts holds both).
 */

import type { Theme } from '../ui/theme.js';

/** sRGB, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

export const BANDS = ['good', 'fair', 'bad', 'worst'] as const;
export type Band = (typeof BANDS)[number];

export interface CellColours {
  /** A band runs from its first colour to its second one. */
  readonly bands: Readonly<Record<Band, readonly [Rgb, Rgb]>>;
  /** Probes, but no answer. */
  readonly failed: Rgb;
  readonly noData: Rgb;
}

export const CELL_COLOURS: Readonly<Record<Theme, CellColours>> = {
  dark: {
    bands: {
      good: [rgb('#14304c'), rgb('#205283')],
      fair: [rgb('#5590c8'), rgb('#6299cf')],
      bad: [rgb('#e2801a'), rgb('#ea8a1c')],
      worst: [rgb('#ffd93b'), rgb('#ffe669')],
    },
    failed: rgb('#ffffff'),
    noData: rgb('#141a22'),
  },
  light: {
    bands: {
      good: [rgb('#e2edf8'), rgb('#c9def1')],
      fair: [rgb('#7fb0de'), rgb('#5b94cb')],
      bad: [rgb('#dd6f12'), rgb('#c65d08')],
      worst: [rgb('#8d3300'), rgb('#742600')],
    },
    failed: rgb('#140b08'),
    noData: rgb('#f4f5f7'),
  },
};

/** `part` from 0, all of `from`, to 1, all of `to`. */
export function mix(from: Rgb, to: Rgb, part: number): Rgb {
  const of = (i: 0 | 1 | 2) => Math.round(from[i] + (to[i] - from[i]) * part);
  return [of(0), of(1), of(2)];
}

/** Relative luminance, 0 to 1 (WCAG 2.2). */
export function luminanceOf([red, green, blue]: Rgb): number {
  const linear = (value: number) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

export function cssOf([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
