/** `/v1/grid` and `/v1/grid.csv`: one view, in three forms. */

import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from '../../../../core/config/schema.js';
import type { Route } from '../../../../core/http/route.js';
import type { Axis } from '../../../common/grid/store/axis.js';
import type { Steps } from '../../../common/grid/store/slices.js';
import type { View } from '../../../common/grid/store/views.js';
import type { GridContext } from './context.js';
import { figuresOf, unitOf } from './figures.js';
import { GridForm, GridQuery, type Stat } from './forms.js';
import { binaryOf, csvOf, inTurns, jsonOf } from './grid-bodies.js';
import { LastBodies } from './last-bodies.js';
import { READERS } from './readers.js';
import { chosenMesh, chosenView, describeWindow, type ViewParameters } from './selection.js';

type Query = ViewParameters & { readonly stat: Stat };

const BINARY = 'application/octet-stream';
const IF_NONE_MATCH = Type.Object({
  'if-none-match': Type.Optional(Type.String({ description: 'The ETag of the answer one has.' })),
});
const CACHED = { ETag: 'Of the content.', 'Cache-Control': '`private, no-cache`' };
const UNCHANGED = { description: 'Nothing has changed.', headers: CACHED };
const NOT_KEPT = { description: 'No such transport, or the window is not kept.' };

export function gridRoutes(context: GridContext): Route[] {
  return [grid(context), csv(context)];
}

function grid(context: GridContext): Route {
  const bodies = new LastBodies();
  return {
    method: 'GET',
    url: '/v1/grid',
    operationId: 'getGrid',
    summary: 'The grid of one window: source × destination.',
    roles: READERS,
    query: GridQuery,
    headers: Type.Composite([
      IF_NONE_MATCH,
      Type.Object({ accept: Type.Optional(Type.String({ description: `\`${BINARY}\` for the binary form.` })) }),
    ]),
    answers: {
      200: {
        description: 'The grid.',
        schema: GridForm,
        contentType: BINARY,
        headers: { ...CACHED, Vary: '`Accept, Origin`' },
      },
      304: UNCHANGED,
      404: NOT_KEPT,
    },
    async handle(request, reply) {
      const query = request.query as Query;
      const isBinary = (request.headers.accept ?? '').includes(BINARY);
      reply.header('vary', 'Accept, Origin');
      const mesh = chosenMesh(context, query.transport);
      const view = mesh === undefined ? undefined : await chosenView(context, mesh, query);
      if (isKnown(context, request, reply, view)) return reply.code(304).send();
      const make = async () => await inTurns(bodyOf(context, query, mesh?.transport ?? null, view, isBinary));
      const body = await (view === undefined ? make() : bodies.get(view, `${query.stat} ${isBinary}`, make));
      return reply.type(isBinary ? BINARY : 'application/json; charset=utf-8').send(body);
    },
  };
}

function csv(context: GridContext): Route {
  return {
    method: 'GET',
    url: '/v1/grid.csv',
    operationId: 'getGridAsCsv',
    summary: 'The same grid as CSV: a line for each cell with data.',
    roles: READERS,
    query: GridQuery,
    headers: IF_NONE_MATCH,
    answers: {
      200: { description: 'src, dst, value and state.', contentType: 'text/csv', headers: CACHED },
      304: UNCHANGED,
      404: NOT_KEPT,
    },
    async handle(request, reply) {
      const query = request.query as Query;
      const mesh = chosenMesh(context, query.transport);
      const view = mesh === undefined ? undefined : await chosenView(context, mesh, query);
      if (isKnown(context, request, reply, view)) return reply.code(304).send();
      const file = `attachment; filename="grid-${query.level}-${query.stat}.csv"`;
      reply.type('text/csv; charset=utf-8').header('content-disposition', file);
      const unit = unitOf(query.stat);
      if (view === undefined) return reply.send(`src,dst,value_${unit},state\r\n`);
      return reply.send(await inTurns(csvOf(view, unit, figuresOf(view, query.stat))));
    },
  };
}

/** Without a view: of a grid without cells. */
function bodyOf(
  context: GridContext,
  query: Query,
  transport: string | null,
  view: View | undefined,
  isBinary: boolean,
): Steps<Buffer> {
  const head = headOf(context, query, transport, view);
  const figures = view === undefined ? new Float64Array(0) : figuresOf(view, query.stat);
  const states = view?.states ?? new Uint8Array(0);
  return isBinary ? binaryOf(head, head.unit === 'ratio', figures, states) : jsonOf(head, figures, states);
}

function headOf({ thresholdsOf }: GridContext, query: Query, transport: string | null, view: View | undefined) {
  const { latencyNs, loss } = thresholdsOf(transport ?? 'udp');
  return {
    transport,
    level: query.level,
    delay: query.delay,
    stat: query.stat,
    unit: unitOf(query.stat),
    window: view === undefined ? null : describeWindow(view),
    src: view?.rows.names ?? [],
    dst: view?.columns.names ?? [],
    src_groups: groupsOf(view?.rows),
    dst_groups: groupsOf(view?.columns),
    thresholds: { latency_ns: latencyNs, loss },
    patterns: view?.patterns ?? [],
  };
}

/** Neighbours of one group of the next level, counted. */
function groupsOf(axis: Axis | undefined): { readonly name: string; readonly members: number }[] {
  const groups: { name: string; members: number }[] = [];
  for (const name of axis?.parents ?? []) {
    const last = groups.at(-1);
    if (last?.name === name) last.members += 1;
    else groups.push({ name, members: 1 });
  }
  return groups;
}

/** Tags the answer; true when the asker has it. */
function isKnown(
  { instance }: GridContext,
  request: FastifyRequest,
  reply: FastifyReply,
  view: View | undefined,
): boolean {
  const content = [instance, view?.revision ?? '', request.url, request.headers.accept?.includes(BINARY) ?? false];
  const etag = `"${createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22)}"`;
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  // RFC 9110 section 13.1.2; weak comparison.
  return (request.headers['if-none-match'] ?? '')
    .split(',')
    .some((item) => ['*', etag, `W/${etag}`].includes(item.trim()));
}
