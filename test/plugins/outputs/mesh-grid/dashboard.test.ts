/** How the dashboard is served; what it shows is tested in test/dashboard, in a browser. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { dashboardRoutes } from '../../../../plugins/outputs/mesh-grid/dashboard.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { served } from './served.js';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

test('the page: its own policy, nothing inline, asked for anew each time', async (t) => {
  const { ask } = await served(t);
  const { status, headers, body } = await ask('/');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(headers['content-security-policy'], POLICY);
  assert.deepEqual([headers['x-content-type-options'], headers['referrer-policy']], ['nosniff', 'no-referrer']);
  assert.equal(headers['cache-control'], 'no-cache');
  const page = body.toString();
  assert.doesNotMatch(page, /<style|style=| on\w+=|<script(?![^>]* src=)/);
  assert.doesNotMatch(page, /(src|href)="(https?:)?\/\//);
  const again = await ask('/', { headers: { 'if-none-match': String(headers.etag) } });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
});

test('its files: of their types, kept for ever, for their names change with them', async (t) => {
  const { ask } = await served(t, { reader_tokens: ['token-of-a-reader-0123456789'] });
  const page = (await ask('/')).body.toString();
  const files = [...page.matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
  const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };
  assert.deepEqual(files.map((path) => path.split('.').at(-1)).sort(), ['css', 'js', 'svg']);
  for (const path of files) {
    const { status, headers } = await ask(path);
    assert.deepEqual([status, headers['content-type']], [200, types[path.split('.').at(-1) as keyof typeof types]]);
    assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(headers['content-security-policy'], POLICY);
    assert.match(path, /-[\w-]{8}\.\w+$/);
  }
});

test('nothing else is served beside it, and the API keeps its own policy and its tokens', async (t) => {
  const { ask } = await served(t, { reader_tokens: ['token-of-a-reader-0123456789'] });
  for (const path of [
    '/assets/',
    '/assets/..%2findex.html',
    '/assets/%2e%2e/index.html',
    '/index.html',
    '/src/main.ts',
  ])
    assert.equal((await ask(path)).status, 404, path);
  assert.equal((await ask('/', { method: 'POST' })).status, 405);
  const { status, headers } = await ask('/v1/grid');
  assert.equal(status, 401);
  assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
});

test('where it was not built, that is an error with the name of the file', async (t) => {
  const folder = pathToFileURL(`${await tempFolder(t)}/`);
  await assert.rejects(dashboardRoutes(folder), /ENOENT.*index\.html/);
});
