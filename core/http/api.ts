/**
 * An API on fastify: what happens around the handlers. Order for each request: rate limit, route, role, body, schemas,
 * handler. Whatever goes wrong becomes a Problem here, and nowhere else.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Logger } from '../plugin.js';
import type { Access, Role } from './access.js';
import { ApiProblem } from './problem.js';
import { RateLimiter } from './rate-limiter.js';
import { type Issues, requestValidation } from './request-validation.js';
import type { Route } from './route.js';

export interface AnsweredRequest {
  /** `other` for what no route has, so that peers do not choose what is counted. */
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

export interface ApiOptions {
  readonly access: Access;
  readonly clock: Clock;
  readonly log: Logger;
  /** Requests a second from one address in the long run. */
  readonly rateLimit: number;
  readonly maxBodyBytes: number;
  /** What a body of JSON is for the handler; default: what it says. May throw as a handler does. */
  readonly readBody?: (body: Buffer, request: FastifyRequest) => Promise<unknown>;
  readonly onAnswered: (request: AnsweredRequest) => void;
  readonly invalidBody: (issues: Issues) => ApiProblem;
  /** What errors of the owner's own kinds become; undefined: not one of them. */
  readonly problemOf?: (error: unknown) => ApiProblem | undefined;
  /** Who serves and where more is to be read, for messages. */
  readonly words: { readonly server: string; readonly seeAlso: string };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What the token allows; undefined on routes that are open to everybody. */
    role: Role | undefined;
  }
}

/** An id has 253 characters at most, each of which may be escaped. */
const MAX_PARAM_CHARS = 3 * 253;
const METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS'] as const;
/** Of a URL in the log. */
const MAX_LOGGED_CHARS = 300;

/** Ready to have requests routed to it. */
export async function createApi(routes: readonly Route[], options: ApiOptions): Promise<FastifyInstance> {
  // Loaded when needed: agents that serve no API do not pay for it.
  const { default: Fastify } = await import('fastify');
  const app = Fastify({
    logger: false,
    bodyLimit: options.maxBodyBytes,
    requestIdHeader: false,
    // Node's own limits are set on the listener (listener.ts): this app is never bound by itself.
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    frameworkErrors: (error, _request, reply) => void answerProblem(reply, problemOf(error, options)),
  });
  app.removeContentTypeParser('text/plain');
  const { readBody } = options;
  if (readBody !== undefined) {
    app.removeAllContentTypeParsers();
    const parse = (request: FastifyRequest, body: Buffer) => readBody(body, request);
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parse);
  }
  app.setValidatorCompiler(requestValidation(options.invalidBody));
  // The schemas of answers describe them and tests hold them to it; serializing by them would hide what does not fit.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler((error, _request, reply) => answerProblem(reply, problemOf(error, options)));
  app.setNotFoundHandler((request, reply) => answerProblem(reply, notFound(request, options)));
  app.decorateRequest('role', undefined);
  limitRate(app, options);
  refuseUnknownPaths(app, options);
  observe(app, options);
  for (const route of routes) addRoute(app, route, options);
  refuseOtherMethods(app, routes);
  await app.ready();
  return app;
}

function limitRate(app: FastifyInstance, { rateLimit: rate, clock }: ApiOptions): void {
  const limiter = new RateLimiter(rate, clock);
  app.addHook('onRequest', async (request) => {
    const waitMs = limiter.take(request.socket.remoteAddress ?? '');
    if (waitMs === 0) return;
    throw new ApiProblem(429, 'too_many_requests', `more than ${rate} requests a second come from your address`, {
      headers: { 'retry-after': String(Math.ceil(waitMs / 1e3)) },
    });
  });
}

/** Before the body, which may come from anybody. */
function refuseUnknownPaths(app: FastifyInstance, options: ApiOptions): void {
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw notFound(request, options);
  });
}

/** Counts, and logs at debug; what peers send never gets to the log but for the path, and that in part. */
function observe(app: FastifyInstance, { onAnswered, log }: ApiOptions): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, role } = request;
    const route = request.is404 ? 'other' : (request.routeOptions.url ?? 'other');
    const [status, durationMs] = [reply.statusCode, reply.elapsedTime];
    onAnswered({ method: request.is404 ? 'other' : method, route, status, durationMs });
    const path = request.url.slice(0, MAX_LOGGED_CHARS);
    log.debug({ address: request.socket.remoteAddress, method, path, status, role, durationMs }, 'request');
  });
}

function addRoute(app: FastifyInstance, route: Route, options: ApiOptions): void {
  const { method, url, params, query, body } = route;
  app.route({
    method,
    url,
    schema: { ...(params && { params }), ...(query && { querystring: query }), ...(body && { body }) },
    onRequest: async (request, reply) => {
      authorize(request, route, options);
      route.admit?.(request, reply);
    },
    handler: async (request, reply) => route.handle(request, reply),
  });
}

function authorize(request: FastifyRequest, { roles }: Route, { access }: ApiOptions): void {
  if (roles === 'open') return;
  request.role = access.roleOf(request.headers.authorization);
  if (request.role === undefined) {
    throw new ApiProblem(401, 'unauthorized', 'a valid token is required: Authorization: Bearer <token>', {
      headers: { 'www-authenticate': 'Bearer realm="weft"' },
    });
  }
  if (!roles.includes(request.role))
    throw new ApiProblem(403, 'wrong_role', `the role ${request.role} may not do this; ${roles.join(' or ')} may`);
}

/** HEAD comes with GET. */
function refuseOtherMethods(app: FastifyInstance, routes: readonly Route[]): void {
  for (const url of new Set(routes.map((route) => route.url))) {
    const known: string[] = routes.filter((route) => route.url === url).map((route) => route.method);
    if (known.includes('GET')) known.push('HEAD');
    const allow = known.sort().join(', ');
    app.route({
      method: METHODS.filter((method) => !known.includes(method)),
      url,
      // Before the body, which nobody wants.
      onRequest: async (request) => {
        throw new ApiProblem(405, 'method_not_allowed', `${request.method} is not served here; ${allow} is`, {
          headers: { allow, connection: 'close' },
        });
      },
      handler: async () => undefined,
    });
  }
}

function notFound(request: FastifyRequest, { words }: ApiOptions): ApiProblem {
  return new ApiProblem(404, 'not_found', `nothing is served at this path for ${request.method}; ${words.seeAlso}`);
}

function answerProblem(reply: FastifyReply, { statusCode, headers, body }: ApiProblem): FastifyReply {
  return reply.code(statusCode).headers(headers).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

const FRAMEWORK_PROBLEMS: Readonly<Record<string, [error: string, message: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'the body has to be application/json'],
  FST_ERR_MAX_PARAM_LENGTH: ['too_long', 'the path is too long'],
};

function problemOf(error: unknown, { problemOf: ownProblemOf, maxBodyBytes, words, log }: ApiOptions): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const own = ownProblemOf?.(error);
  if (own !== undefined) return own;
  const { statusCode = 500, code = '', message } = error as Partial<Error & { statusCode: number; code: string }>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new ApiProblem(413, 'too_large', `the body is larger than ${maxBodyBytes} bytes`);
  if (statusCode >= 400 && statusCode < 500) {
    const [name, text] = FRAMEWORK_PROBLEMS[code] ?? ['bad_request', message ?? 'the request is not valid'];
    return new ApiProblem(statusCode, name, text);
  }
  log.error({ error: describeError(error) }, 'a request failed');
  return new ApiProblem(500, 'internal', `${words.server} failed; its log says more`);
}
