/**
 * What is looked at, as it stands in the address: a page, and what it shows of the mesh. Whoever opens the same address sees
 * the same.
 *
 *   #/grid?level=tor&stat=p99&transport=udp&at=…    #/pair/SRC/DST?…    #/host/NAME?…    #/worst?…
 *
 * Addresses are typed and mailed: what is not understood is left out, and never an error.
 */

export const LEVELS = ['host', 'tor', 'pod', 'dc'] as const;
export type Level = (typeof LEVELS)[number];
export const DELAYS = ['network_rtt', 'prober_delay', 'responder_delay'] as const;
export type Delay = (typeof DELAYS)[number];
/** Of the chosen delay. */
export const DELAY_STATS = ['p50', 'p90', 'p95', 'p99', 'p999', 'mean', 'min', 'max'] as const;
/** Of the probes, whatever the delay. */
export const PROBE_STATS = [
  'loss',
  'sent',
  'success',
  'timeout',
  'send_error',
  'invalid',
  'late',
  'duplicate',
] as const;
export type Stat = (typeof DELAY_STATS)[number] | (typeof PROBE_STATS)[number];

/** Cells that fill the picture: first column, first row, how many of each. */
export type Box = readonly [column: number, row: number, columns: number, rows: number];

/** What of the mesh is looked at. Absent: what the server or the page thinks best. */
export interface Selection {
  readonly transport?: string;
  readonly level?: Level;
  readonly delay?: Delay;
  readonly stat?: Stat;
  /** Start of a window, ms since 1970; absent: the newest that is settled, as time goes on. */
  readonly at?: number;
  /** Only sources, only destinations of a group, such as `pod:dc1/p1`. */
  readonly srcIn?: string;
  readonly dstIn?: string;
  readonly box?: Box;
}

export type Route =
  | { readonly page: 'grid'; readonly selection: Selection }
  | { readonly page: 'worst'; readonly selection: Selection }
  | { readonly page: 'host'; readonly name: string; readonly selection: Selection }
  | { readonly page: 'pair'; readonly src: string; readonly dst: string; readonly selection: Selection };
export type Page = Route['page'];

/** `hash` with or without `#`. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  const [, page, ...names] = path.split('/').map(unescaped);
  const selection = selectionOf(new URLSearchParams(query));
  const [first = '', second = ''] = names;
  if (page === 'pair' && first !== '' && second !== '') return { page, src: first, dst: second, selection };
  if (page === 'host' && first !== '') return { page, name: first, selection };
  if (page === 'worst') return { page, selection };
  return { page: 'grid', selection };
}

/** With `#`. */
export function formatRoute(route: Route): string {
  const query = queryOf(route.selection).toString();
  return `#${pathOf(route)}${query === '' ? '' : `?${query}`}`;
}

/** Of the page and whom it is about, whatever the selection: equal paths are one view. */
export function pathOf(route: Route): string {
  if (route.page === 'pair') return `/pair/${encodeURIComponent(route.src)}/${encodeURIComponent(route.dst)}`;
  if (route.page === 'host') return `/host/${encodeURIComponent(route.name)}`;
  return `/${route.page}`;
}

function selectionOf(query: URLSearchParams): Selection {
  const transport = query.get('transport') ?? '';
  const at = query.get('at') ?? '';
  const [level, delay] = [oneOf(LEVELS, query.get('level')), oneOf(DELAYS, query.get('delay'))];
  const stat = oneOf([...DELAY_STATS, ...PROBE_STATS], query.get('stat'));
  const [srcIn, dstIn] = [groupOf(query.get('src_in')), groupOf(query.get('dst_in'))];
  const box = boxOf(query.get('box'));
  return {
    ...(transport !== '' && { transport }),
    ...(level && { level }),
    ...(delay && { delay }),
    ...(stat && { stat }),
    ...(/^\d{1,15}$/.test(at) && { at: Number(at) }),
    ...(srcIn && { srcIn }),
    ...(dstIn && { dstIn }),
    ...(box && { box }),
  };
}

function queryOf({ transport, level, delay, stat, at, srcIn, dstIn, box }: Selection): URLSearchParams {
  const values = { transport, level, delay, stat, at, src_in: srcIn, dst_in: dstIn, box: box?.join(',') };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query;
}

function oneOf<T extends string>(known: readonly T[], value: string | null): T | undefined {
  return known.find((one) => one === value);
}

function groupOf(text: string | null): string | undefined {
  return text !== null && /^(tor|pod|dc):./.test(text) ? text : undefined;
}

function boxOf(text: string | null): Box | undefined {
  const numbers = (text ?? '').split(',').map(Number);
  const [column = -1, row = -1, columns = 0, rows = 0] = numbers;
  const isBox = numbers.length === 4 && numbers.every(Number.isInteger);
  return isBox && column >= 0 && row >= 0 && columns > 0 && rows > 0 ? [column, row, columns, rows] : undefined;
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
