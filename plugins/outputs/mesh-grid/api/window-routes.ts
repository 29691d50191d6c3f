/** Which windows there are, and word of new ones. */

import { unavailable } from '../../../../core/http/problem.js';
import type { Route } from '../../../../core/http/route.js';
import type { GridContext } from './context.js';
import { WindowsForm } from './forms.js';
import { READERS } from './readers.js';
import { describeWindow } from './selection.js';

const STREAMS_RETRY_S = 10;

export function windowRoutes(context: GridContext): Route[] {
  return [windows(context), events(context)];
}

function windows({ store, shared }: GridContext): Route {
  return {
    method: 'GET',
    url: '/v1/windows',
    operationId: 'listWindows',
    summary: 'The windows that are kept, and what the store holds and has dropped.',
    roles: READERS,
    answers: { 200: { description: 'By transport.', schema: WindowsForm } },
    handle: () => ({
      window_ms: store.limits.windowMs,
      transports: store.transports.map((transport) => {
        const mesh = store.mesh(transport);
        return {
          transport,
          settled_ms: mesh?.settledWindow()?.startMs ?? null,
          windows: mesh?.windows.map((window) => ({ ...describeWindow(window), pairs: window.cells })) ?? [],
        };
      }),
      store: {
        hosts: store.hosts.size,
        cells: store.cells,
        bytes: store.bytes,
        evicted_windows: store.evictedWindows,
        evicted_cells: store.evictedCells,
        paths: {
          bytes: store.paths.bytes,
          dropped_windows: store.paths.droppedWindows,
          left_out: store.paths.leftOut,
        },
        metrics: store.outcomes,
        shared: describeShared(shared()),
      },
    }),
  };
}

function events({ streams }: GridContext): Route {
  return {
    method: 'GET',
    url: '/v1/events',
    operationId: 'getEvents',
    summary:
      'Server-sent events: `window` when a window was added or settled, with transport, newest_ms and settled_ms.',
    roles: READERS,
    answers: {
      200: { description: 'Stays open.', contentType: 'text/event-stream' },
      503: {
        description: 'Too many listen already.',
        headers: { 'Retry-After': 'Seconds until the next try is worth while.' },
      },
    },
    handle(request, reply) {
      if (streams.isFull) throw unavailable('too_many_streams', 'too many listen to events already', STREAMS_RETRY_S);
      // HEAD wants no stream.
      if (request.method === 'HEAD') return reply.type('text/event-stream').send('');
      reply.hijack();
      streams.add(reply.raw);
      return reply;
    },
  };
}

function describeShared(shared: ReturnType<GridContext['shared']>) {
  return shared === undefined ? null : { state: shared.state, pending: shared.pending, ...shared.counts };
}
