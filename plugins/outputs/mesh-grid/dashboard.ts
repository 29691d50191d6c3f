/**
 * The dashboard's files as routes: one for each file that was built, so that no path leads anywhere else. They are open to
 * everybody, for they say nothing of the mesh: what they show they ask of the API, with the reader's token.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Route } from '../../../core/http/route.js';

/** What Vite makes of dashboard/. */
export const DASHBOARD_FOLDER = new URL('../../../dashboard/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** Everything from here, nothing inline, no frame around it, no form that would send anything anywhere. */
const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');
/** Names of assets contain a hash of their content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Rejects with what `readFile` says when nothing was built. */
export async function dashboardRoutes(folder: URL = DASHBOARD_FOLDER): Promise<Route[]> {
  const page = fileRoute('/', 'index.html', await readFile(new URL('index.html', folder)), 'no-cache');
  const assets = new URL('assets/', folder);
  const names = (await readdir(assets)).filter((name) => extname(name) in TYPES);
  const read = names.map(async (name) =>
    fileRoute(`/assets/${name}`, name, await readFile(new URL(name, assets)), FOR_EVER),
  );
  return [page, ...(await Promise.all(read))];
}

function fileRoute(url: string, name: string, content: Buffer, cacheControl: string): Route {
  const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
  return {
    method: 'GET',
    url,
    operationId: name,
    summary: `The dashboard: ${name}.`,
    roles: 'open',
    answers: { 200: { description: 'The file.' } },
    handle(request: FastifyRequest, reply: FastifyReply) {
      reply.headers({ etag, 'cache-control': cacheControl, 'content-security-policy': POLICY });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(TYPES[extname(name)] ?? '').send(content);
    },
  };
}
