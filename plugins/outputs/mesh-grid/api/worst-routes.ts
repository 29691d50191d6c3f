/** `/v1/worst`: where to look first, in a mesh of any size. */

import type { Route } from '../../../../core/http/route.js';
import { axisOf } from '../../../common/grid/store/axis.js';
import { CellSums } from '../../../common/grid/store/cell.js';
import type { Mesh } from '../../../common/grid/store/mesh.js';
import { addUp } from '../../../common/grid/store/pairs.js';
import { inSlices, type Steps } from '../../../common/grid/store/slices.js';
import { planOf } from '../../../common/grid/store/view.js';
import { revisionOf } from '../../../common/grid/store/views.js';
import { worstCells } from '../../../common/grid/store/worst.js';
import type { GridContext } from './context.js';
import { unitOf } from './figures.js';
import { type Stat, WorstForm, WorstQuery } from './forms.js';
import { KeptAnswers } from './kept-answers.js';
import { READERS } from './readers.js';
import { chosenWindow, describeWindow, groupOf, meshWithData, type ViewParameters } from './selection.js';
import { describeSums } from './sums.js';

type Query = ViewParameters & { readonly stat: Stat; readonly n: number };

/** Of 600 KB at most each, with MAX_WORST pairs. */
const MAX_KEPT = 32;

export function worstRoutes(context: GridContext): Route[] {
  const kept = new KeptAnswers<string>(MAX_KEPT);
  return [
    {
      method: 'GET',
      url: '/v1/worst',
      operationId: 'getWorst',
      summary: 'The pairs with the largest values, and what else is known of them.',
      roles: READERS,
      query: WorstQuery,
      answers: {
        200: { description: 'The pairs.', schema: WorstForm },
        404: { description: 'Nothing is known of this transport or window.' },
      },
      async handle(request, reply) {
        const query = request.query as Query;
        const mesh = meshWithData(context, query.transport);
        const window = chosenWindow(context, mesh, query.at);
        const { level, delay, stat, n, src_in, dst_in } = query;
        const question = JSON.stringify([mesh.transport, window.startMs, level, delay, stat, n, src_in, dst_in]);
        // A million pairs take some 0.2 to 0.5 s of a core.
        const answer = await kept.get(question, revisionOf(context.store, mesh, window), async () =>
          JSON.stringify(await inSlices(mesh, () => worst(context, mesh, query))),
        );
        return reply.type('application/json; charset=utf-8').send(answer);
      },
    },
  ];
}

function* worst(context: GridContext, mesh: Mesh, { level, delay, stat, n, ...query }: Query): Steps<object> {
  const { hosts } = context.store;
  const window = chosenWindow(context, mesh, query.at);
  const rows = axisOf(hosts, mesh, level, groupOf(query.src_in));
  yield;
  const columns = query.src_in === query.dst_in ? rows : axisOf(hosts, mesh, level, groupOf(query.dst_in));
  yield;
  const plan = yield* planOf(mesh, rows, columns);
  const cells = yield* worstCells(window, plan, stat, delay, n);
  const [pairs, sums] = [[] as object[], new CellSums()];
  for (const { row, column, value, pairs: members } of cells) {
    yield;
    yield* addUp(window, members, sums);
    pairs.push({ src: rows.names[row], dst: columns.names[column], value, ...describeSums(sums) });
  }
  const { transport } = mesh;
  return { transport, level, delay, stat, unit: unitOf(stat), window: describeWindow(window), pairs };
}
