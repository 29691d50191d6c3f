/** Lists that are kept in the order of their keys (code units), whatever the order of arrival. No two keys are equal. */

type KeyOf<T> = (item: T) => string;

export function insertSorted<T>(items: T[], item: T, keyOf: KeyOf<T>): void {
  items.splice(placeOf(items, keyOf(item), keyOf), 0, item);
}

export function removeSorted<T>(items: T[], item: T, keyOf: KeyOf<T>): void {
  const at = indexOfSorted(items, item, keyOf);
  if (at >= 0) items.splice(at, 1);
}

/** Of the item with this item's key; −1 if there is none. */
export function indexOfSorted<T>(items: readonly T[], item: T, keyOf: KeyOf<T>): number {
  const key = keyOf(item);
  const at = placeOf(items, key, keyOf);
  const found = items[at];
  return found !== undefined && keyOf(found) === key ? at : -1;
}

/** Index of the first item whose key is not smaller. */
function placeOf<T>(items: readonly T[], key: string, keyOf: KeyOf<T>): number {
  let from = 0;
  let to = items.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const item = items[middle];
    if (item !== undefined && keyOf(item) < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
