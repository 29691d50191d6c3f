/** `/v1/cell`: all that a view knows of one of its cells, for who points at it. */

import { ApiProblem } from '../../../../core/http/problem.js';
import type { Route } from '../../../../core/http/route.js';
import { COUNTS } from '../../../common/grid/store/cell.js';
import { DELAY_STATS, STATES } from '../../../common/grid/store/view.js';
import type { View } from '../../../common/grid/store/views.js';
import type { GridContext } from './context.js';
import { CellForm, CellQuery } from './forms.js';
import { READERS } from './readers.js';
import { chosenView, describeWindow, meshWithData, type ViewParameters } from './selection.js';

export function cellRoute(context: GridContext): Route {
  return {
    method: 'GET',
    url: '/v1/cell',
    operationId: 'getCell',
    summary: 'One cell of a grid: its counts, its loss and all figures of a delay.',
    roles: READERS,
    query: CellQuery,
    answers: {
      200: { description: 'The cell.', schema: CellForm },
      404: { description: 'No such transport, window or cell.' },
    },
    async handle(request) {
      const { src, dst, ...query } = request.query as ViewParameters & { readonly src: string; readonly dst: string };
      const mesh = meshWithData(context, query.transport);
      const view = await chosenView(context, mesh, query);
      const { level, delay } = query;
      return {
        ...{ transport: mesh.transport, level, delay, window: describeWindow(view), src, dst },
        ...describeCell(view, cellOf(view, src, dst)),
      };
    },
  };
}

function cellOf({ rows, columns }: View, src: string, dst: string): number {
  const [row, column] = [rows.names.indexOf(src), columns.names.indexOf(dst)];
  if (row >= 0 && column >= 0) return row * columns.names.length + column;
  const missing = row < 0 ? ['source', src] : ['destination', dst];
  throw new ApiProblem(404, 'unknown_cell', `this grid has no ${missing[0]} ${JSON.stringify(missing[1])}`);
}

function describeCell({ states, loss, counts, delay }: View, cell: number): object {
  const [share, hasValues] = [loss[cell] ?? Number.NaN, !Number.isNaN(delay.p50[cell] ?? Number.NaN)];
  return {
    state: STATES[states[cell] ?? 0],
    loss: Number.isNaN(share) ? null : share,
    counts: Object.fromEntries(COUNTS.map((name, i) => [name, counts[cell * COUNTS.length + i]])),
    figures: hasValues
      ? Object.fromEntries(DELAY_STATS.map((stat) => [stat, Math.round(delay[stat][cell] ?? 0)]))
      : null,
  };
}
