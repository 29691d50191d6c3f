/** `/v1/hosts/{host}`: everything about one host: where it stands, its row and its column, now and over the windows. */

import { ApiProblem } from '../../../../core/http/problem.js';
import type { Route } from '../../../../core/http/route.js';
import { CellSums, type Delay } from '../../../common/grid/store/cell.js';
import { groupName } from '../../../common/grid/store/hosts.js';
import type { Mesh } from '../../../common/grid/store/mesh.js';
import { addUp, pairsBetween, reachableWindows } from '../../../common/grid/store/pairs.js';
import { inSlices, type Steps } from '../../../common/grid/store/slices.js';
import type { GridWindow } from '../../../common/grid/store/window.js';
import { ranked } from '../../../common/grid/store/worst.js';
import type { GridContext } from './context.js';
import { HostForm, HostParams, HostQuery, type Stat } from './forms.js';
import { hostPatterns } from './host-patterns.js';
import { READERS } from './readers.js';
import { chosenMesh, chosenWindow, describeWindow } from './selection.js';
import { describeSums } from './sums.js';

interface Query {
  readonly transport?: string;
  readonly at?: string;
  readonly delay: Delay;
  readonly stat: Stat;
  readonly n: number;
}

/** The pairs of which a host is the one end. */
interface Ends {
  readonly asSource: readonly number[];
  readonly asDestination: readonly number[];
}

export function hostRoutes(context: GridContext): Route[] {
  return [
    {
      method: 'GET',
      url: '/v1/hosts/:host',
      operationId: 'getHost',
      summary: 'One host: its row and its column in one window, their history, and the patterns that name it.',
      roles: READERS,
      params: HostParams,
      query: HostQuery,
      answers: {
        200: { description: 'The host.', schema: HostForm },
        404: { description: 'Nothing is known of this host, transport or window.' },
      },
      async handle(request) {
        const { host } = request.params as { readonly host: string };
        const query = request.query as Query;
        const mesh = meshOf(context, host, query.transport);
        const startMs = query.at === undefined ? undefined : chosenWindow(context, mesh, query.at).startMs;
        const patterns = await hostPatterns(context, mesh, host, startMs);
        const figures = await inSlices(mesh, () => figuresOf(context, mesh, host, query));
        return { host, ...describePlace(context, host), ...figures, ...patterns };
      },
    },
  ];
}

/** The one that was asked for, or the usual one, or any that knows the host. */
function meshOf(context: GridContext, host: string, transport: string | undefined): Mesh {
  const known = meshesOf(context, host);
  const usual = chosenMesh(context, transport);
  const mesh = known.find((candidate) => candidate === usual) ?? (transport === undefined ? known[0] : undefined);
  if (mesh !== undefined) return mesh;
  const found = known.map((candidate) => candidate.transport).join(', ');
  const message =
    found === ''
      ? `no kept window has probes of or to the host ${JSON.stringify(host)}`
      : `no kept window of ${transport} has probes of or to this host; there are of: ${found}`;
  throw new ApiProblem(404, 'unknown_host', message);
}

function meshesOf(context: GridContext, host: string): Mesh[] {
  return context.store.transports.flatMap((transport) => {
    const mesh = context.store.mesh(transport);
    if (mesh === undefined) return [];
    const { asSource, asDestination } = endsOf(context, mesh, host);
    return asSource.length + asDestination.length > 0 ? [mesh] : [];
  });
}

function describePlace({ store: { hosts } }: GridContext, host: string): object {
  const place = hosts.placeOf(hosts.idOf(host) ?? -1);
  const labels = Object.entries(place).filter(([, value]) => value !== '');
  const groups = (['tor', 'pod', 'dc'] as const).map((level) => [level, groupName(host, place, level)]);
  return { labels: Object.fromEntries(labels), groups: Object.fromEntries(groups) };
}

function* figuresOf(context: GridContext, mesh: Mesh, host: string, query: Query): Steps<object> {
  const window = chosenWindow(context, mesh, query.at);
  const ends = endsOf(context, mesh, host);
  const transports = meshesOf(context, host).map((known) => describeTransport(known, endsOf(context, known, host)));
  yield;
  const nameOf = (id: number): string => context.store.hosts.nameOf(id);
  const otherOf = {
    source: (pair: number) => nameOf(mesh.dstOf(pair)),
    destination: (pair: number) => nameOf(mesh.srcOf(pair)),
  };
  const as_source = yield* describeEnd(window, ends.asSource, otherOf.source, query);
  const as_destination = yield* describeEnd(window, ends.asDestination, otherOf.destination, query);
  const reachable = reachableWindows(mesh, ends.asSource.length + ends.asDestination.length);
  const history = yield* historyOf(reachable, ends);
  return {
    transports,
    transport: mesh.transport,
    window: describeWindow(window),
    as_source,
    as_destination,
    history,
    left_out_windows: mesh.windows.length - reachable.length,
  };
}

function endsOf({ store }: GridContext, mesh: Mesh, host: string): Ends {
  return {
    asSource: pairsBetween(mesh, store.hosts, 'host', host),
    asDestination: pairsBetween(mesh, store.hosts, 'host', undefined, host),
  };
}

function describeTransport({ transport, windows }: Mesh, { asSource, asDestination }: Ends): object {
  const isIn = (window: GridWindow) => (pair: number) => window.has(pair);
  const seen = windows.filter((window) => asSource.some(isIn(window)) || asDestination.some(isIn(window)));
  return {
    transport,
    pairs_as_source: asSource.length,
    pairs_as_destination: asDestination.length,
    windows: seen.length,
    oldest_ms: seen[0]?.startMs,
    newest_ms: seen.at(-1)?.startMs,
  };
}

function* describeEnd(
  window: GridWindow,
  pairs: readonly number[],
  nameOf: (pair: number) => string,
  { stat, delay, n }: Query,
): Steps<object> {
  const sums = new CellSums();
  const found = yield* addUp(window, pairs, sums);
  const all = describeSums(sums);
  const worst: object[] = [];
  for (const pair of (yield* ranked(window, pairs, stat, delay)).slice(0, n)) {
    yield* addUp(window, [pair], sums);
    worst.push({ host: nameOf(pair), ...describeSums(sums) });
  }
  return { pairs: found, ...all, worst };
}

function* historyOf(windows: readonly GridWindow[], { asSource, asDestination }: Ends): Steps<object[]> {
  const [history, sums] = [[] as object[], new CellSums()];
  for (const window of windows) {
    yield;
    const as_source = (yield* addUp(window, asSource, sums)) > 0 ? describeSums(sums) : null;
    const as_destination = (yield* addUp(window, asDestination, sums)) > 0 ? describeSums(sums) : null;
    if (as_source !== null || as_destination !== null)
      history.push({ ...describeWindow(window), as_source, as_destination });
  }
  return history;
}
