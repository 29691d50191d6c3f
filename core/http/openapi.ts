/** The description of an API, made of the very routes that are served: OpenAPI 3.1. */

import type { SchemaNode, TObject, TSchema } from '../config/schema.js';
import { asWritten } from '../config/schema-tree.js';
import { ProblemForm } from './problem.js';
import type { Answer, Route } from './route.js';

export interface ApiTitle {
  readonly title: string;
  readonly summary: string;
  /** Who serves it, for the description of its faults: `the controller`. */
  readonly server: string;
}

/** Answers that routes of this kind share: whatever happens before their handlers, or instead of them. */
export function sharedAnswers(route: Route, server: string): Readonly<Record<number, Answer>> {
  return {
    ...((route.params ?? route.query ?? route.headers ?? bodyOf(route)) && { 400: BAD_REQUEST }),
    ...(route.params && { 414: PATH_TOO_LONG }),
    ...(route.roles !== 'open' && { 401: UNAUTHORIZED, 403: FORBIDDEN }),
    ...(bodyOf(route) && { 413: TOO_LARGE, 415: NOT_JSON }),
    429: TOO_MANY,
    500: { description: `A fault of ${server}; its log says more.` },
  };
}

/** OpenAPI 3.1. Equal for equal routes. */
export function openApiDocument(routes: readonly Route[], { title, summary, server }: ApiTitle): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, server) };
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title,
      version: '1',
      summary,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: ProblemForm },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of the role.' },
        certificate: {
          type: 'mutualTLS',
          description: 'When `tls_client_ca` is set, besides the token if there are any.',
        },
      },
    },
  };
  // Leaves out what only TypeBox understands: symbols and undefined.
  return JSON.parse(JSON.stringify(document)) as object;
}

const DESCRIPTION =
  `Every error is a Problem. Before any route is looked for a request may be answered with 400 (no HTTP, or
a path with malformed escapes), 408 (too slow) or 431 (headers too large); a path nobody has gives 404, a method that
a path does not have 405. Unknown fields in answers are to be passed over: they may be added.`.replaceAll('\n', ' ');

const BAD_REQUEST: Answer = { description: 'The id, the query, a header or the body is not valid.' };
const PATH_TOO_LONG: Answer = { description: 'The id is longer than any id can be.' };
const UNAUTHORIZED: Answer = {
  description: 'No token, or one that nobody has.',
  headers: { 'WWW-Authenticate': '`Bearer realm="weft"`' },
};
const FORBIDDEN: Answer = { description: 'Not for this role, or not with this key or certificate.' };
const TOO_LARGE: Answer = { description: 'The body is larger than 64 KiB.' };
const NOT_JSON: Answer = { description: 'The body is not application/json.' };
const TOO_MANY: Answer = {
  description: 'More than `rate_limit` requests a second from this address.',
  headers: { 'Retry-After': 'Seconds until the next request may be served.' },
};

function operation(route: Route, server: string): object {
  const answers = { ...sharedAnswers(route, server), ...route.answers };
  const body = bodyOf(route);
  return {
    operationId: route.operationId,
    summary: route.summary,
    security: route.roles === 'open' ? [] : [{ token: [] }, { certificate: [] }],
    ...(route.roles !== 'open' && { 'x-weft-roles': route.roles }),
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...parameters(route.headers, 'header'),
    ],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: asWritten(body) } } } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, response(+status, answer)]),
    ),
  };
}

function bodyOf({ body, bodyForm }: Route): TSchema | undefined {
  return body ?? bodyForm;
}

function parameters(schema: TObject | undefined, place: 'path' | 'query' | 'header'): object[] {
  const required = (schema && asWritten(schema).required) ?? [];
  return Object.entries((schema?.properties ?? {}) as Record<string, SchemaNode>).map(([name, property]) => {
    const { description, ...rest } = property;
    return { name, in: place, required: place === 'path' || required.includes(name), description, schema: rest };
  });
}

function response(status: number, { description, schema, contentType, headers }: Answer): object {
  const body = status >= 400 ? { $ref: '#/components/schemas/Problem' } : schema;
  const content = {
    ...(body !== undefined && { 'application/json': { schema: body } }),
    ...(contentType !== undefined && { [contentType]: { schema: { type: 'string' } } }),
  };
  return {
    description,
    ...(headers && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]),
      ),
    }),
    ...(Object.keys(content).length > 0 && { content }),
  };
}
