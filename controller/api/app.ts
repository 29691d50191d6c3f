/**
 * The API on fastify: what happens around the handlers. Order for each request: rate limit, route, role, body, schemas,
 * handler. Whatever goes wrong becomes a Problem here, and nowhere else.
 */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { MAX_REGISTRATION_BYTES, type Problem } from '../../core/control/registration.js';
import { describeError } from '../../core/errors.js';
import type { Logger } from '../../core/plugin.js';
import { RegistryError } from '../registry-error.js';
import type { ApiContext } from './context.js';
import { ApiProblem, unavailable } from './problem.js';
import { RateLimiter } from './rate-limiter.js';
import type { Route } from './route.js';
import { requestValidation } from './validation.js';

/** An id has 253 characters at most, each of which may be escaped. */
const MAX_PARAM_CHARS = 3 * 253;
const METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS'] as const;
const STORE_RETRY_S = 5;
const FULL_RETRY_S = 60;
/** Of a URL in the log. */
const MAX_LOGGED_CHARS = 300;

/** Ready to have requests routed to it. */
export async function createApp(routes: readonly Route[], context: ApiContext, log: Logger): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_REGISTRATION_BYTES,
    requestIdHeader: false,
    // Node's own limits are set on the listener (server.ts): this app is never bound by itself.
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    frameworkErrors: (error, _request, reply) => void answerProblem(reply, problemOf(error, log)),
  });
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(requestValidation());
  // The schemas of answers describe them and tests hold them to it; serializing by them would hide what does not fit.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler((error, _request, reply) => answerProblem(reply, problemOf(error, log)));
  app.setNotFoundHandler((request, reply) => answerProblem(reply, notFound(request)));
  app.decorateRequest('role', undefined);
  limitRate(app, context);
  observe(app, context, log);
  for (const route of routes) addRoute(app, route, context);
  refuseOtherMethods(app, routes);
  await app.ready();
  return app;
}

/** For the listener: what is no HTTP or came too slowly never gets to a route. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, code, message] = CLIENT_ERRORS[error.code ?? ''] ?? [400, 'bad_request', 'this is no HTTP request'];
  const body = JSON.stringify({ error: code, message } satisfies Problem);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`, () =>
    socket.destroy(),
  );
}

const CLIENT_ERRORS: Readonly<Record<string, [status: number, code: string, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'too_slow', 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large', 'the headers are larger than 16 KiB'],
};

function limitRate(app: FastifyInstance, { settings, clock }: ApiContext): void {
  const { rate_limit: rate } = settings();
  const limiter = new RateLimiter(rate, clock);
  app.addHook('onRequest', async (request) => {
    const waitMs = limiter.take(request.socket.remoteAddress ?? '');
    if (waitMs === 0) return;
    throw new ApiProblem(429, 'too_many_requests', `more than ${rate} requests a second come from your address`, {
      headers: { 'retry-after': String(Math.ceil(waitMs / 1e3)) },
    });
  });
}

/** Counts, and logs at debug; what peers send never gets to the log but for the path, and that in part. */
function observe(app: FastifyInstance, { metrics }: ApiContext, log: Logger): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, role } = request;
    const route = request.is404 ? 'other' : (request.routeOptions.url ?? 'other');
    const [status, durationMs] = [reply.statusCode, reply.elapsedTime];
    metrics.countRequest({ method: request.is404 ? 'other' : method, route, status, durationMs });
    const path = request.url.slice(0, MAX_LOGGED_CHARS);
    log.debug({ address: request.socket.remoteAddress, method, path, status, role, durationMs }, 'request');
  });
}

function addRoute(app: FastifyInstance, route: Route, context: ApiContext): void {
  const { method, url, params, query, body } = route;
  app.route({
    method,
    url,
    schema: { ...(params && { params }), ...(query && { querystring: query }), ...(body && { body }) },
    onRequest: async (request) => authorize(request, route, context),
    handler: async (request, reply) => route.handle(request, reply),
  });
}

function authorize(request: FastifyRequest, { roles }: Route, { access }: ApiContext): void {
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

function notFound(request: FastifyRequest): ApiProblem {
  return new ApiProblem(404, 'not_found', `nothing is served at this path for ${request.method}; see /v1/openapi.json`);
}

function answerProblem(reply: FastifyReply, { statusCode, headers, body }: ApiProblem): FastifyReply {
  return reply.code(statusCode).headers(headers).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

const FRAMEWORK_PROBLEMS: Readonly<Record<string, [error: string, message: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['too_large', `the body is larger than ${MAX_REGISTRATION_BYTES} bytes`],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'the body has to be application/json'],
  FST_ERR_MAX_PARAM_LENGTH: ['too_long', 'the path is too long'],
};

function problemOf(error: unknown, log: Logger): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof RegistryError) return registryProblem(error, log);
  const { statusCode = 500, code = '', message } = error as Partial<Error & { statusCode: number; code: string }>;
  if (statusCode >= 400 && statusCode < 500) {
    const [name, text] = FRAMEWORK_PROBLEMS[code] ?? ['bad_request', message ?? 'the request is not valid'];
    return new ApiProblem(statusCode, name, text);
  }
  log.error({ error: describeError(error) }, 'a request failed');
  return new ApiProblem(500, 'internal', 'the controller failed; its log says more');
}

function registryProblem(error: RegistryError, log: Logger): ApiProblem {
  if (error.reason === 'not_yours') return new ApiProblem(403, 'not_yours', error.message);
  if (error.reason === 'full') return unavailable('full', error.message, FULL_RETRY_S);
  log.debug({ error: describeError(error) }, 'a registration could not be kept');
  return unavailable('store_unavailable', error.message, STORE_RETRY_S);
}
