/** What is asked about pairs: their history, their distribution, which are the worst. */

import { ApiProblem } from '../../../../core/http/problem.js';
import type { Route } from '../../../../core/http/route.js';
import { ByteReader } from '../../../common/grid/store/bytes.js';
import { CellSums, COUNTS, DELAYS, type Delay } from '../../../common/grid/store/cell.js';
import { groupName, type Level } from '../../../common/grid/store/hosts.js';
import type { Mesh } from '../../../common/grid/store/mesh.js';
import { DELAY_STATS, figuresOf as delayFigures } from '../../../common/grid/store/view.js';
import type { GridWindow } from '../../../common/grid/store/window.js';
import type { GridContext } from './context.js';
import { figuresOf, unitOf } from './figures.js';
import { CdfForm, CdfQuery, PairForm, PairParams, PairQuery, type Stat, WorstForm, WorstQuery } from './forms.js';
import { READERS } from './readers.js';
import { chosenView, chosenWindow, describeWindow, meshWithData, type ViewParameters } from './selection.js';

const NOT_KNOWN = { description: 'Nothing is known of this transport, window or pair.' };

export function pairRoutes(context: GridContext): Route[] {
  return [history(context), cdf(context), worst(context)];
}

function history(context: GridContext): Route {
  return {
    method: 'GET',
    url: '/v1/pairs/:src/:dst',
    operationId: 'getPair',
    summary: 'One pair over the kept windows: the three delays, counts and loss.',
    roles: READERS,
    params: PairParams,
    query: PairQuery,
    answers: { 200: { description: 'The pair.', schema: PairForm }, 404: NOT_KNOWN },
    handle(request) {
      const { src, dst } = request.params as { readonly src: string; readonly dst: string };
      const { transport, level } = request.query as { readonly transport?: string; readonly level: Level };
      const mesh = meshWithData(context, transport);
      const pairs = pairsOf(context, mesh, level, src, dst);
      const sums = new CellSums();
      const windows = mesh.windows.filter((window) => pairs.some((pair) => window.has(pair)));
      return {
        transport: mesh.transport,
        level,
        src,
        dst,
        windows: windows.map((window) => {
          addUp(window, pairs, sums);
          return { ...describeWindow(window), ...describeSums(sums) };
        }),
      };
    },
  };
}

function cdf(context: GridContext): Route {
  return {
    method: 'GET',
    url: '/v1/cdf',
    operationId: 'getCdf',
    summary: 'How one delay is distributed in one window: of a pair, of one end, or of all.',
    roles: READERS,
    query: CdfQuery,
    answers: { 200: { description: 'The cumulated distribution.', schema: CdfForm }, 404: NOT_KNOWN },
    handle(request) {
      const query = request.query as {
        readonly transport?: string;
        readonly at?: string;
        readonly level: Level;
        readonly delay: Delay;
        readonly src?: string;
        readonly dst?: string;
      };
      const mesh = meshWithData(context, query.transport);
      const window = chosenWindow(context, mesh, query.at);
      const sums = new CellSums();
      addUp(window, pairsOf(context, mesh, query.level, query.src, query.dst), sums);
      const delay = sums.delays[DELAYS.indexOf(query.delay)];
      const [upToNs, values]: [number[], number[]] = [[], []];
      delay?.forEachStep((bound, count) => {
        upToNs.push(bound);
        values.push(count);
      });
      const { transport } = mesh;
      const count = delay?.count ?? 0;
      return { transport, delay: query.delay, window: describeWindow(window), count, up_to_ns: upToNs, values };
    },
  };
}

function worst(context: GridContext): Route {
  return {
    method: 'GET',
    url: '/v1/worst',
    operationId: 'getWorst',
    summary: 'The pairs with the largest values.',
    roles: READERS,
    query: WorstQuery,
    answers: { 200: { description: 'The pairs.', schema: WorstForm }, 404: NOT_KNOWN },
    handle(request) {
      const query = request.query as ViewParameters & { readonly stat: Stat; readonly n: number };
      const mesh = meshWithData(context, query.transport);
      const view = chosenView(context, mesh, query);
      const figures = figuresOf(view, query.stat);
      const cells = Array.from(figures.keys()).filter((cell) => !Number.isNaN(figures[cell]));
      cells.sort((a, b) => (figures[b] ?? 0) - (figures[a] ?? 0) || a - b);
      const width = view.columns.names.length;
      return {
        transport: mesh.transport,
        level: query.level,
        delay: query.delay,
        stat: query.stat,
        unit: unitOf(query.stat),
        window: describeWindow(view),
        pairs: cells.slice(0, query.n).map((cell) => ({
          src: view.rows.names[Math.floor(cell / width)],
          dst: view.columns.names[cell % width],
          value: figures[cell],
        })),
      };
    },
  };
}

/** Undefined ends are all. Throws ApiProblem when there is no such pair. */
function pairsOf({ store }: GridContext, mesh: Mesh, level: Level, src?: string, dst?: string): number[] {
  const isMember = (host: number, name: string | undefined): boolean =>
    name === undefined || groupName(store.hosts.nameOf(host), store.hosts.placeOf(host), level) === name;
  const members = (name: string | undefined): Uint8Array =>
    Uint8Array.from({ length: store.hosts.capacity }, (_, host) => (isMember(host, name) ? 1 : 0));
  const [sources, destinations] = [members(src), members(dst)];
  const found: number[] = [];
  for (let pair = 0; pair < mesh.capacity; pair += 1) {
    if (mesh.isLive(pair) && sources[mesh.srcOf(pair)] === 1 && destinations[mesh.dstOf(pair)] === 1) found.push(pair);
  }
  if (found.length > 0) return found;
  const what = `${level} ${JSON.stringify(src ?? 'any')} to ${JSON.stringify(dst ?? 'any')}`;
  throw new ApiProblem(404, 'unknown_pair', `no kept window of ${mesh.transport} has probes of ${what}`);
}

function addUp(window: GridWindow, pairs: readonly number[], sums: CellSums): void {
  const reader = new ByteReader();
  sums.clear();
  for (const pair of pairs) if (window.seek(pair, reader)) sums.addWritten(reader);
}

function describeSums(sums: CellSums): object {
  const figures = new Float64Array(DELAY_STATS.length);
  const delays = DELAYS.map((name, i) => {
    const delay = sums.delays[i];
    if (delay === undefined || delay.count === 0) return [name, null];
    delayFigures(delay, figures);
    return [name, Object.fromEntries(DELAY_STATS.map((stat, j) => [stat, Math.round(figures[j] ?? 0)]))];
  });
  return {
    loss: Number.isNaN(sums.loss) ? null : sums.loss,
    counts: Object.fromEntries(COUNTS.map((name, i) => [name, sums.counts[i]])),
    ...Object.fromEntries(delays),
  };
}
