import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weft } from '../support/weft-process.js';

const COMMANDS = ['run', 'check', 'test', 'once', 'plugins', 'sample', 'version', 'ping', 'demo'];
const SUBCOMMANDS = ['ping udp', 'ping tcp'];

test('the help names every command and the exit codes', async () => {
  const { code, stdout } = await weft('-h');
  assert.equal(code, 0);
  for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
  assert.match(stdout, /Exit codes: 0 done, 1 it failed, 2 wrong/);
});

test('every command has its help, with examples', async () => {
  for (const command of [...COMMANDS, ...SUBCOMMANDS]) {
    const { code, stdout } = await weft(...command.split(' '), '-h');
    assert.equal(code, 0, command);
    assert.match(stdout, new RegExp(`Usage: weft ${command}`));
    assert.match(stdout, /Examples:\n {2}\S/);
    assert.doesNotMatch(stdout, /exit-with-parent/);
  }
});

test('a wrong command line says what was meant, and exits with 2', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['chekc'], /unknown command 'chekc'\n\(Did you mean check\?\)/],
    [['run', '-c', 'x', '--watch-confg'], /unknown option '--watch-confg'\n\(Did you mean --watch-config\?\)/],
    [['run'], /required option '-c, --config <file>' not specified/],
    [['plugins', 'aggregators'], /Allowed choices are inputs, processors, outputs/],
    [['version', 'now'], /too many arguments/],
    [['demo', '--hosts', '1'], /Expected a whole number from 2 to 64/],
    [['demo', '--interval', '5 apples'], /Expected a duration such as 250ms or 1m30s, at least 1s/],
    [['ping', 'udp', '127.0.0.1', '-i', '1ms'], /at least 10ms/],
    [['ping'], /Commands:\n {2}udp .*\n {2}tcp /],
    [['ping', 'icmp', '127.0.0.1'], /unknown command 'icmp'/],
    [['ping', 'tcp', '127.0.0.1'], /expected a host and a port .*no default port/],
    [['ping', 'tcp', '127.0.0.1:1', '--plain'], /unknown option '--plain'/],
    [['ping', 'tcp', '127.0.0.1:1', '--size', '100'], /unknown option '--size'/],
    [['ping', 'udp', '127.0.0.1', '--payload', '100'], /unknown option '--payload'/],
    [
      ['ping', 'tcp', '127.0.0.1:1', '--payload', '9', '--http', '/'],
      /'--payload <bytes>' cannot be used with .*--http/,
    ],
    [['ping', 'tcp', '127.0.0.1:1', '--http-status', '204'], /--http-status: only with --http PATH/],
    [['ping', 'tcp', '127.0.0.1:1', '--http', '/a b'], /Expected a path such as/],
    [['ping', 'tcp', '127.0.0.1:1', '--source', '::1'], /--source: expected an IPv4 address/],
    [['sample', '--input', 'pinglsit'], /unknown input "pinglsit".*"pinglist"/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await weft(...args);
    assert.match(stderr, expected, args.join(' '));
    assert.equal(code, 2, args.join(' '));
    assert.equal(stdout, '', args.join(' '));
  }
});

test('the version is that of the package, in both forms', async () => {
  const { stdout: short } = await weft('--version');
  const { stdout: long } = await weft('version');
  const report = JSON.parse((await weft('version', '--json')).stdout);
  assert.equal(short, `${report.weft}\n`);
  assert.match(long, new RegExp(`^weft ${report.weft}\nnode ${process.version} `));
  assert.equal(report.node, process.version);
  assert.equal(typeof report.addon.compiler, 'string');
});
