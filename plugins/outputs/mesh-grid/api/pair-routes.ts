/** What is asked about pairs: their history, their paths, their distribution, which are the worst. */

import { ApiProblem } from '../../../../core/http/problem.js';
import type { Route } from '../../../../core/http/route.js';
import { CellSums, DELAYS, type Delay } from '../../../common/grid/store/cell.js';
import type { Level } from '../../../common/grid/store/hosts.js';
import type { Mesh } from '../../../common/grid/store/mesh.js';
import { addUp, pairsBetween, reachableWindows } from '../../../common/grid/store/pairs.js';
import { PathCells } from '../../../common/grid/store/paths.js';
import { inSlices, type Steps } from '../../../common/grid/store/slices.js';
import type { GridContext } from './context.js';
import { CdfForm, CdfQuery, PairForm, PairParams, PairQuery, PathsForm, PathsQuery } from './forms.js';
import { READERS } from './readers.js';
import { chosenWindow, describeWindow, meshWithData } from './selection.js';
import { describeSums } from './sums.js';

interface Ends {
  readonly src: string;
  readonly dst: string;
}

const NOT_KNOWN = { description: 'Nothing is known of this transport, window or pair.' };

export function pairRoutes(context: GridContext): Route[] {
  return [history(context), paths(context), cdf(context)];
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
    async handle(request) {
      const { src, dst } = request.params as Ends;
      const { transport, level } = request.query as { readonly transport?: string; readonly level: Level };
      const mesh = meshWithData(context, transport);
      return await inSlices(mesh, function* () {
        const pairs = knownPairs(context, mesh, level, src, dst);
        const reachable = reachableWindows(mesh, pairs.length);
        const [windows, sums] = [[] as object[], new CellSums()];
        for (const window of reachable) {
          yield;
          if ((yield* addUp(window, pairs, sums)) === 0) continue;
          windows.push({ ...describeWindow(window), ...describeSums(sums) });
        }
        const left_out_windows = mesh.windows.length - reachable.length;
        return { transport: mesh.transport, level, src, dst, windows, left_out_windows };
      });
    },
  };
}

function paths(context: GridContext): Route {
  return {
    method: 'GET',
    url: '/v1/pairs/:src/:dst/paths',
    operationId: 'getPaths',
    summary: 'The paths of a pair of hosts in one window.',
    roles: READERS,
    params: PairParams,
    query: PathsQuery,
    answers: { 200: { description: 'The paths.', schema: PathsForm }, 404: NOT_KNOWN },
    async handle(request) {
      const { src, dst } = request.params as Ends;
      const query = request.query as { readonly transport?: string; readonly at?: string };
      const mesh = meshWithData(context, query.transport);
      return await inSlices(mesh, function* () {
        const window = chosenWindow(context, mesh, query.at);
        const pairs = knownPairs(context, mesh, 'host', src, dst);
        const all = new CellSums();
        yield* addUp(window, pairs, all);
        const known = window.paths instanceof PathCells ? pairs.flatMap((pair) => pathsIn(window.paths, pair)) : [];
        const kept = known.length > 0 ? 'yes' : window.paths === 'dropped' ? 'dropped' : 'not_told';
        return {
          transport: mesh.transport,
          src,
          dst,
          window: describeWindow(window),
          kept,
          all: describeSums(all),
          paths: known,
        };
      });
    },
  };
}

function pathsIn(cells: unknown, pair: number): object[] {
  if (!(cells instanceof PathCells)) return [];
  return cells.of(pair).map(({ path, sums }) => ({ path, ...describeSums(sums) }));
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
    async handle(request) {
      const query = request.query as Partial<Ends> & {
        readonly transport?: string;
        readonly at?: string;
        readonly level: Level;
        readonly delay: Delay;
      };
      const mesh = meshWithData(context, query.transport);
      return await inSlices(mesh, () => cumulated(context, mesh, query));
    },
  };
}

function* cumulated(
  context: GridContext,
  mesh: Mesh,
  query: Partial<Ends> & { readonly at?: string; readonly level: Level; readonly delay: Delay },
): Steps<object> {
  const window = chosenWindow(context, mesh, query.at);
  const sums = new CellSums();
  yield* addUp(window, knownPairs(context, mesh, query.level, query.src, query.dst), sums);
  const delay = sums.delays[DELAYS.indexOf(query.delay)];
  const [upToNs, values]: [number[], number[]] = [[], []];
  delay?.forEachStep((bound, count) => {
    upToNs.push(bound);
    values.push(count);
  });
  const { transport } = mesh;
  const count = delay?.count ?? 0;
  return { transport, delay: query.delay, window: describeWindow(window), count, up_to_ns: upToNs, values };
}

/** Undefined ends are all. Throws ApiProblem when there is no such pair. */
function knownPairs({ store }: GridContext, mesh: Mesh, level: Level, src?: string, dst?: string): number[] {
  const found = pairsBetween(mesh, store.hosts, level, src, dst);
  if (found.length > 0) return found;
  const what = `${level} ${JSON.stringify(src ?? 'any')} to ${JSON.stringify(dst ?? 'any')}`;
  throw new ApiProblem(404, 'unknown_pair', `no kept window of ${mesh.transport} has probes of ${what}`);
}
