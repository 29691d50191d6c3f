/** Routes that every API has: whether it lives, and its description. */

import { STRICT, Type } from '../config/schema.js';
import { type ApiTitle, openApiDocument } from './openapi.js';
import type { Route } from './route.js';

export const StatusForm = Type.Object({ status: Type.String() }, STRICT);

export function healthRoute(): Route {
  return {
    method: 'GET',
    url: '/healthz',
    operationId: 'getHealth',
    summary: 'Whether the process answers.',
    roles: 'open',
    answers: { 200: { description: 'It does.', schema: StatusForm } },
    handle: () => ({ status: 'ok' }),
  };
}

/** These routes and `/v1/openapi.json`, which describes all of them. */
export function withDescription(routes: readonly Route[], title: ApiTitle): readonly Route[] {
  const description: Route = {
    method: 'GET',
    url: '/v1/openapi.json',
    operationId: 'getDescription',
    summary: 'This description.',
    roles: 'open',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: Type.Object({ openapi: Type.String() }) } },
    handle: () => document,
  };
  const all = [...routes, description];
  const document = openApiDocument(all, title);
  return all;
}
