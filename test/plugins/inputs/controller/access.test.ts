/** Which controller is asked, and how both ends know each other. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Certificates, makeCertificates, makeExpiredCertificate } from '../../../support/certificates.js';
import { ControllerDouble } from '../../../support/controller-double.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { Harness, listOf } from './harness.js';

describe('several controllers', () => {
  async function two(t: TestContext) {
    const [first, second] = [await ControllerDouble.listen(t), await ControllerDouble.listen(t)];
    first.list = listOf('10.0.0.1');
    second.list = listOf('10.0.0.2');
    return { first, second, agent: await Harness.make(t, [first.url, second.url]) };
  }

  test('the next is asked when one is gone, and kept when the first is back', async (t) => {
    const { first, second, agent } = await two(t);
    await agent.connect();
    assert.deepEqual(agent.onBoard, ['10.0.0.1']);
    const port = await first.pause();
    await agent.nextUntil(() => agent.onBoard.includes('10.0.0.2'));
    assert.equal((await agent.figures()).own.url, `${second.url}/`);
    await first.resume(port);
    const asked = first.requests.length;
    await agent.nextUntil(() => second.count('GET') === 5);
    assert.equal(first.requests.length, asked);
    const backPort = await second.pause();
    await agent.nextUntil(() => agent.onBoard.includes('10.0.0.1'));
    await second.resume(backPort);
  });

  test('a list that is refused is asked of the next', async (t) => {
    const { first, agent } = await two(t);
    first.list = '{"version":1,"targets":[{}]}';
    await agent.start();
    await agent.nextUntil(() => agent.onBoard.includes('10.0.0.2'));
    assert.equal(agent.reasons[0], 'bad_list');
  });

  test('all of them gone is one failed attempt, each reported', async (t) => {
    const { first, second, agent } = await two(t);
    await first.pause();
    await second.pause();
    await agent.connect();
    assert.deepEqual((await agent.figures()).failures, { 'register unreachable': 2, 'fetch unreachable': 2 });
    assert.equal(agent.clock.nextInMs, 500);
  });
});

describe('tokens', () => {
  test('the token is sent; a wrong one is reported and not shown', async (t) => {
    const double = await ControllerDouble.listen(t);
    double.token = 'right';
    const agent = await Harness.make(t, double.url, { config: { token: 'right' } });
    await agent.connect();
    assert.deepEqual(agent.acc.errors, []);
    const wrong = await Harness.make(t, double.url, { config: { token: 'wrong-secret' }, agent: { hostname: 'b' } });
    await wrong.connect();
    assert.deepEqual(wrong.reasons, ['unauthorized', 'unauthorized']);
    assert.doesNotMatch(JSON.stringify([wrong.acc.errors.map(String), wrong.log.lines]), /wrong-secret/);
  });

  test('a token in a file is read anew', async (t) => {
    const file = join(await tempFolder(t), 'token');
    await writeFile(file, 'old\n');
    const double = await ControllerDouble.listen(t);
    double.token = 'old';
    const agent = await Harness.make(t, double.url, { config: { token: `file:${file}` } });
    await agent.connect();
    double.token = 'new';
    await writeFile(file, 'new\n');
    await agent.nextUntil(() => double.registrations.length === 2);
    assert.deepEqual(agent.acc.errors, []);
    await writeFile(file, 'two\nlines\n');
    await agent.nextUntil(() => agent.acc.errors.length > 0);
    assert.deepEqual(agent.reasons[0], 'local');
  });

  test('a file that is not there is a startup error', async (t) => {
    const agent = await Harness.make(t, 'http://127.0.0.1:9', { config: { token: 'file:/nowhere/token' } });
    await assert.rejects(agent.start(), { code: 'WEFT_STARTUP', retryable: true });
    assert.equal(agent.board.status().provider, undefined);
  });

  test('a token on an open wire is warned about', async (t) => {
    const agent = await Harness.make(t, 'http://192.0.2.1:20118', { config: { token: 'x' } });
    await agent.start();
    assert.deepEqual(agent.log.messages('warn'), ['the token goes to the controller unencrypted: use https']);
  });
});

describe('TLS', () => {
  async function serve(t: TestContext, options: (c: Certificates, folder: string) => ServerOptions = () => ({})) {
    const folder = await tempFolder(t);
    const certificates = makeCertificates(folder);
    const { certFile, keyFile } = certificates.server;
    const own = { cert: await readFile(certFile), key: await readFile(keyFile) };
    const double = await ControllerDouble.listen(t, { ...own, ...options(certificates, folder) });
    double.list = listOf('10.0.0.2');
    const file = (name: string): string => join(folder, name);
    return { double, certificates, file, ca: { tls_ca: certificates.caFile } };
  }

  const demandClient = ({ ca }: Certificates): ServerOptions => ({ ca, requestCert: true, rejectUnauthorized: true });

  test('the controller’s certificate is checked with the configured authority', async (t) => {
    const { double, ca } = await serve(t);
    const agent = await Harness.make(t, double.url, { config: ca });
    await agent.connect();
    assert.deepEqual([agent.acc.errors, agent.onBoard], [[], ['10.0.0.2']]);
    const stranger = await Harness.make(t, double.url, { agent: { hostname: 'b' } });
    await stranger.connect();
    assert.deepEqual(stranger.reasons, ['tls', 'tls']);
    assert.equal(double.registrations.length, 1);
  });

  test('an expired certificate is refused', async (t) => {
    const { double, ca } = await serve(t, (_, folder) => ({ cert: readFileSync(makeExpiredCertificate(folder)) }));
    const agent = await Harness.make(t, double.url, { config: ca });
    await agent.connect();
    assert.deepEqual(agent.reasons, ['tls', 'tls']);
    assert.match(String((agent.acc.errors[0] as Error).message), /expired/);
    assert.equal(double.requests.length, 0);
  });

  test('a certificate of another name is refused', async (t) => {
    const { double, ca } = await serve(t);
    const other = double.url.replace('127.0.0.1', '127.0.0.2');
    const agent = await Harness.make(t, other, { config: ca });
    await agent.connect();
    assert.equal(double.requests.length, 0);
    assert.ok(agent.reasons.every((reason) => reason === 'tls' || reason === 'unreachable'));
  });

  test('a client certificate is shown; without one nothing is taken', async (t) => {
    const { double, file, ca } = await serve(t, demandClient);
    const shown = { ...ca, tls_cert: file('client.pem'), tls_key: file('client.key') };
    const agent = await Harness.make(t, double.url, { config: shown });
    await agent.connect();
    assert.deepEqual([agent.acc.errors, agent.onBoard], [[], ['10.0.0.2']]);
    const bare = await Harness.make(t, double.url, { config: ca, agent: { hostname: 'b' } });
    await bare.connect();
    assert.equal(bare.acc.errors.length, 2);
    assert.equal(double.registrations.length, 1);
  });

  test('a certificate that is renewed in place is used without a restart', async (t) => {
    const { double, file, ca, certificates } = await serve(t);
    await writeFile(file('trusted.pem'), await readFile(certificates.server.certFile));
    const agent = await Harness.make(t, double.url, { config: { ...ca, tls_ca: file('trusted.pem') } });
    await writeFile(file('trusted.pem'), 'garbage');
    await agent.connect();
    assert.equal(agent.onBoard.length, 0);
    await writeFile(file('trusted.pem'), certificates.ca);
    await agent.nextUntil(() => agent.onBoard.length > 0);
  });

  test('a certificate and a key that do not belong together are a startup error', async (t) => {
    const { double, file, ca } = await serve(t);
    const mixed = { ...ca, tls_cert: file('client.pem'), tls_key: file('server.key') };
    const agent = await Harness.make(t, double.url, { config: mixed });
    await assert.rejects(agent.start(), { code: 'WEFT_STARTUP', retryable: true });
  });

  test('files that are not there are a startup error', async (t) => {
    const { double, file } = await serve(t);
    const agent = await Harness.make(t, double.url, { config: { tls_ca: file('missing.pem') } });
    await assert.rejects(agent.start(), { code: 'WEFT_STARTUP', retryable: true });
  });
});
