import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeError, StartupError } from '../../../../core/errors.js';
import { type ServerConfig, serverSettings } from '../../../../plugins/common/http/options.js';
import { answerText, type Handler, HttpServer } from '../../../../plugins/common/http/server.js';
import { makeCertificates } from '../../../support/certificates.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { fetchUrl } from '../../../support/http-client.js';
import { MemoryLog } from '../../../support/memory-log.js';
import { tempFolder } from '../../../support/temp-folder.js';

const NEVER: AbortSignal = new AbortController().signal;
const hello: Handler = (path, _request, response) => answerText(response, 200, `hello ${path}`);

function make(options: Partial<ServerConfig> = {}, handler: Handler = hello) {
  const clock = new FakeClock();
  const outcomes: string[] = [];
  const context = { clock, log: new MemoryLog(), onAnswered: (outcome: string) => void outcomes.push(outcome) };
  return {
    server: new HttpServer(serverSettings({ listen: '127.0.0.1:0', ...options }), handler, context),
    clock,
    outcomes,
  };
}

async function listening(t: TestContext, options: Partial<ServerConfig> = {}, handler?: Handler) {
  const made = make(options, handler);
  await made.server.listen(NEVER);
  t.after(() => made.server.close());
  return { ...made, url: made.server.url ?? '' };
}

test('the handler gets the path without its query', async (t) => {
  const { url } = await listening(t);
  assert.equal((await fetchUrl(`${url}/a/b?c=d`)).body.toString(), 'hello /a/b');
});

test('a handler that throws answers 500, or breaks off what it began', async (t) => {
  const { url, outcomes } = await listening(t, {}, (path, _request, response) => {
    if (path === '/late') response.write('begun');
    throw new Error('secret detail');
  });
  const { status, body } = await fetchUrl(url);
  assert.equal(status, 500);
  assert.doesNotMatch(body.toString(), /secret/);
  await assert.rejects(fetchUrl(`${url}/late`));
  assert.deepEqual(outcomes, ['500', 'aborted']);
});

test('without the credentials there is only a challenge, whatever the method', async (t) => {
  const { url } = await listening(t, { basic_username: 'u', basic_password: 'p' });
  for (const method of ['GET', 'POST']) {
    const { status, headers, body } = await fetchUrl(url, { method });
    assert.deepEqual([status, headers['www-authenticate']], [401, 'Basic realm="weft", charset="UTF-8"']);
    assert.doesNotMatch(body.toString(), /hello/);
  }
  assert.equal((await fetchUrl(url, { auth: 'u:p' })).status, 200);
});

test('TLS: only with a trusted client certificate, once that is demanded', async (t) => {
  const { server, client, ca, caFile } = makeCertificates(await tempFolder(t));
  const files = { tls_cert: server.certFile, tls_key: server.keyFile };
  const open = await listening(t, files);
  assert.match(open.url, /^https:/);
  assert.equal((await fetchUrl(open.url, { ca })).status, 200);
  const closed = await listening(t, { ...files, tls_client_ca: caFile });
  assert.equal((await fetchUrl(closed.url, { ca, ...client })).status, 200);
  await assert.rejects(fetchUrl(closed.url, { ca }));
  await assert.rejects(fetchUrl(closed.url.replace('https', 'http')));
});

test('a TLS file that is missing or no PEM is a StartupError that names it', async (t) => {
  const folder = await tempFolder(t);
  const empty = join(folder, 'empty.pem');
  await writeFile(empty, 'not a certificate');
  for (const [tls_cert, message] of [
    ['missing.pem', /cannot read tls_cert .*missing.pem.*ENOENT/],
    [empty, /empty.pem/],
  ] as const) {
    await assert.rejects(make({ tls_cert, tls_key: empty }).server.listen(NEVER), (error: unknown) => {
      assert.ok(error instanceof StartupError && error.retryable);
      assert.match(describeError(error), message);
      return true;
    });
  }
});

test('a foreign address is a StartupError', async () => {
  await assert.rejects(make({ listen: '192.0.2.1:0' }).server.listen(NEVER), /has no such address/);
});

test('listening is not begun when it was aborted before', async () => {
  const { server } = make();
  await assert.rejects(server.listen(AbortSignal.abort()));
  assert.equal(server.url, undefined);
});

test('close lets an answer end, but waits a second at most', async (t) => {
  const gate = new EventEmitter();
  const { server, clock, url } = await listening(t, {}, async (path, _request, response) => {
    response.write('first ');
    const released = once(gate, 'release');
    gate.emit(path);
    if (path === '/never') return;
    await released;
    response.end('second');
  });
  const entered = Promise.all([once(gate, '/'), once(gate, '/never')]);
  const [patient, stuck] = [fetchUrl(url), fetchUrl(`${url}/never`)];
  const cutOff = assert.rejects(stuck);
  await entered;
  const closing = server.close();
  gate.emit('release');
  assert.equal((await patient).body.toString(), 'first second');
  assert.equal(clock.pending, 1, 'still patient');
  await clock.advance(1000);
  await Promise.all([cutOff, closing]);
});
