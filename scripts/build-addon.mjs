// Builds the addon on install. A prebuilt binary that loads is taken as it is (node-gyp-build); otherwise node-gyp
// compiles. Node's headers are taken from the installation that runs this, if it has them, so that nothing is fetched.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';

const require = createRequire(import.meta.url);
const prefix = resolve(dirname(process.execPath), '..');
const environment = { ...process.env };
if (!environment.npm_config_nodedir && existsSync(join(prefix, 'include', 'node', 'node_api.h'))) {
  environment.npm_config_nodedir = prefix;
}

const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js');
const { status } = spawnSync(process.execPath, [nodeGyp, 'rebuild', '--silent', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: environment,
});
if (status !== 0) {
  process.stderr.write(
    'weft: the native addon could not be built. It needs python3, make and g++ (Debian: apt install python3 make g++).\n',
  );
}
process.exitCode = status ?? 1;
