import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ControllerConfig, controllerSection } from '../../controller/config.js';
import { sectionOf } from '../../core/config/further-section.js';
import { loadConfig } from '../../core/config/load.js';
import { ConfigError } from '../../core/errors.js';
import { tempFolder } from '../support/temp-folder.js';

const TOKEN = 'a-token-of-sixteen-characters';

async function load(t: TestContext, controller: object): Promise<ControllerConfig | undefined> {
  const cwd = await tempFolder(t);
  await writeFile(join(cwd, 'c.yaml'), JSON.stringify({ controller }));
  const registry = { definitions: [] };
  return sectionOf(
    await loadConfig({ file: 'c.yaml', cwd, env: {}, registry, sections: [controllerSection] }),
    controllerSection,
  );
}

test('an empty section is a controller on loopback', async (t) => {
  const config = await load(t, {});
  assert.deepEqual(
    [config?.listen, config?.heartbeat, config?.refresh, config?.stale_after, config?.forget_after, config?.store.type],
    ['127.0.0.1:20118', 60_000, 60_000, 300_000, 900_000, 'memory'],
  );
});

const REFUSED: readonly [controller: object, message: RegExp][] = [
  [{ listen: '0.0.0.0:20118' }, /controller\.listen: .*set tokens.*127\.0\.0\.1/],
  [{ listen: ':20118' }, /controller\.listen: .*set tokens/],
  [{ listen: '[::]:20118' }, /controller\.listen: .*set tokens/],
  [{ listen: 'example.org:20118' }, /controller\.listen: .*set tokens/],
  [{ listen: '20118' }, /controller\.listen: expected "host:port"|controller\.listen: .*expected/],
  [{ tls_cert: 'c.pem' }, /tls_cert and tls_key belong together/],
  [{ tls_client_ca: 'ca.pem' }, /tls_client_ca needs TLS/],
  [{ tokens: { agent: ['short'] } }, /controller\.tokens\.agent\[0\]: expected at least 16 characters, found 5$/],
  [{ tokens: { agent: [TOKEN], admin: [TOKEN] } }, /controller\.tokens\.admin\[0\]: the same token/],
  [{ heartbeat: '10m' }, /controller\.stale_after: expected more than heartbeat/],
  [{ forget_after: '100s' }, /controller\.forget_after: expected more than stale_after/],
  [{ policies: [{ mode: 'mesh', intervall: '1s' }] }, /controller\.policies\[0\]\.intervall.*interval/],
  [{ policies: [{ mode: 'mash' }] }, /controller\.policies\[0\]\.mode.*mesh/],
  [{ store: { type: 'memory', snapshott: 'x' } }, /controller\.store\.snapshott.*snapshot/],
  [{ token: {} }, /controller\.token: unknown option.*tokens/],
];
for (const [controller, message] of REFUSED) {
  test(`refused: ${JSON.stringify(controller)}`, async (t) => {
    await assert.rejects(load(t, controller), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.issues.length, 1, error.message);
      assert.match(error.message, /^c\.yaml:\d+:\d+: /);
      assert.match(error.message, message);
      assert.ok(!error.message.includes(TOKEN) && !error.message.includes('short'));
      return true;
    });
  });
}

for (const listen of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1']) {
  test(`${listen} needs no token`, async (t) => assert.equal((await load(t, { listen }))?.listen, listen));
}

test('beyond loopback a token of any role will do, or client certificates', async (t) => {
  await load(t, { listen: ':1', tokens: { reader: [TOKEN] } });
  await load(t, { listen: ':1', tls_cert: 'c', tls_key: 'k', tls_client_ca: 'ca' });
});
