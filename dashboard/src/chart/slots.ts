/** A history with a place for every window, those without data too: a gap in the data is a gap in the picture. */

/** `items` ascend; undefined where nothing is known. */
export function slotsOf<T extends { readonly start_ms: number }>(
  items: readonly T[],
  windowMs: number,
  firstMs: number,
  lastMs: number,
): (T | undefined)[] {
  const slots = new Array<T | undefined>(Math.max(0, Math.round((lastMs - firstMs) / windowMs) + 1)).fill(undefined);
  for (const item of items) {
    const place = Math.round((item.start_ms - firstMs) / windowMs);
    if (place >= 0 && place < slots.length) slots[place] = item;
  }
  return slots;
}

/** Runs of values without a gap, as `[place, value]`. */
export function runsOf(values: readonly (number | null)[]): (readonly [place: number, value: number])[][] {
  const runs: (readonly [number, number])[][] = [];
  let isOpen = false;
  for (const [place, value] of values.entries()) {
    if (value !== null) {
      if (isOpen) runs.at(-1)?.push([place, value]);
      else runs.push([[place, value]]);
    }
    isOpen = value !== null;
  }
  return runs;
}
