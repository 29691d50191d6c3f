/** What a query chooses of the store: a transport, a window, a view. Refusals say what there is. */

import { ApiProblem } from '../../../../core/http/problem.js';
import type { Delay } from '../../../common/grid/store/cell.js';
import type { Level } from '../../../common/grid/store/hosts.js';
import type { Mesh } from '../../../common/grid/store/mesh.js';
import { MAX_VIEW_CELLS, type View } from '../../../common/grid/store/views.js';
import type { GridWindow } from '../../../common/grid/store/window.js';
import type { GridContext } from './context.js';

export interface ViewParameters {
  readonly transport?: string;
  readonly delay: Delay;
  readonly at?: string;
  readonly level: Level;
  readonly src_in?: string;
  readonly dst_in?: string;
}

/** Undefined: none was asked for, and there are no data. */
export function chosenMesh({ store }: GridContext, transport: string | undefined): Mesh | undefined {
  const known = store.transports;
  if (transport === undefined) return store.mesh(known.includes('udp') ? 'udp' : (known[0] ?? ''));
  const mesh = store.mesh(transport);
  if (mesh !== undefined) return mesh;
  const found = known.length === 0 ? 'none so far' : known.join(', ');
  throw new ApiProblem(404, 'unknown_transport', `there are no data of this transport; there are of: ${found}`);
}

/** As `chosenMesh`, for answers that need data. */
export function meshWithData(context: GridContext, transport: string | undefined): Mesh {
  const mesh = chosenMesh(context, transport);
  if (mesh !== undefined && mesh.windows.length > 0) return mesh;
  throw new ApiProblem(404, 'no_data', 'no window has arrived yet');
}

export function chosenWindow({ store }: GridContext, mesh: Mesh, at: string | undefined): GridWindow {
  const window = at === undefined ? mesh.settledWindow() : at === 'latest' ? mesh.windows.at(-1) : windowAt(mesh, at);
  if (window !== undefined) return window;
  const { windows } = store.limits;
  throw new ApiProblem(
    404,
    'no_window',
    `this window is not among those that are kept, ${windows} at most: /v1/windows`,
  );
}

export async function chosenView(context: GridContext, mesh: Mesh, query: ViewParameters): Promise<View> {
  const { views, clock } = context;
  const startMs = query.at === undefined ? undefined : chosenWindow(context, mesh, query.at).startMs;
  const { level, delay } = query;
  const [srcIn, dstIn] = [groupOf(query.src_in), groupOf(query.dst_in)];
  const view = await views.get({ transport: mesh.transport, startMs, level, delay, srcIn, dstIn }, clock.monotonicMs());
  if (typeof view !== 'string') return view;
  if (view !== 'size') throw new ApiProblem(404, 'no_window', 'no window has arrived yet');
  throw new ApiProblem(
    400,
    'too_large',
    `a grid has ${MAX_VIEW_CELLS} cells at most: choose a higher level, or a part with src_in and dst_in`,
  );
}

export function describeWindow({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }) {
  return { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString(), start_ms: startMs };
}

function windowAt(mesh: Mesh, at: string): GridWindow | undefined {
  const ms = /^\d{1,15}$/.test(at) ? Number(at) : Date.parse(at);
  if (Number.isNaN(ms)) {
    const message = `at: expected ms since 1970, a time as in ISO 8601 or \`latest\`, found ${JSON.stringify(at)}`;
    throw new ApiProblem(400, 'invalid_query', message);
  }
  return mesh.windows.find(({ startMs, endMs }) => startMs <= ms && ms < endMs);
}

/** `pod:dc1/p1`; the form of the query has seen to it. */
export function groupOf(text: string | undefined): { readonly level: Level; readonly name: string } | undefined {
  if (text === undefined) return undefined;
  const colon = text.indexOf(':');
  return { level: text.slice(0, colon) as Level, name: text.slice(colon + 1) };
}
