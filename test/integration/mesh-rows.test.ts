/** The whole way of a row: an agent probes, pushes to a listener in another process, and that one writes what the agent measured. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reflectorPort, runAgent, writtenFile } from './row-agents.js';

const TOKEN = 'token-of-the-agents-0123456789';
const WINDOWS = 3;
const file = [{ path: 'stdout', format: 'json', namepass: ['probe'] }];

test('what a listener writes equals what the agent writes, window for window, value for value', async (t) => {
  const listener = await runAgent(t, 'grid', {
    inputs: { 'mesh-listener': [{ listen: '127.0.0.1:0', tokens: { agent: [TOKEN] }, allow_src: ['host-*'] }] },
    outputs: { file },
  });
  const url = await listener.until('it listens', ({ stderr }) => /"url":"(http:[^"]+)"/.exec(stderr)?.[1]);
  const common = { interval: '50ms', timeout: '200ms', mode: 'mesh', labels: { tor: 't2' } };
  const targets = [
    { ...common, transport: 'udp', dst: 'answers', address: '127.3.1.1', port: await reflectorPort(t) },
    { ...common, transport: 'udp', dst: 'silent', address: '127.3.1.2', port: 9 },
    { ...common, transport: 'tcp', dst: 'refuses', address: '127.3.1.3', port: 9 },
  ];
  const agent = await runAgent(t, 'host-a', {
    inputs: {
      pinglist: [{ file: await writtenFile(t, { version: 1, targets }) }],
      udp: [{ listen: '127.3.1.9:0' }],
      tcp: [{ listen: '127.3.1.9:0' }],
    },
    outputs: { file, 'mesh-grid': [{ url, token: TOKEN }] },
  });
  await agent.until('it has measured', ({ stdout }) => windowsOf(stdout, 'answers') >= WINDOWS);
  agent.kill('SIGTERM');
  const { code, stdout, stderr } = await agent.exit;
  assert.equal(code, 0, stderr);
  // What was not pushed would be waited for in vain.
  assert.doesNotMatch(stderr, /refused for good|metrics dropped/);
  const measured = linesOf(stdout);
  await listener.until('all came', (process) => linesOf(process.stdout).length >= measured.length);
  assert.deepEqual(linesOf(listener.stdout), measured);
  for (const dst of ['answers', 'silent', 'refuses']) assert.ok(windowsOf(stdout, dst) > 0, `no window of ${dst}`);
});

interface Line {
  readonly tags: { readonly dst: string };
}

/** Whole lines in one order, with their keys in one order. */
function linesOf(stdout: string): string[] {
  const lines = stdout
    .slice(0, stdout.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean);
  return lines.map((line) => JSON.stringify(JSON.parse(line), inOrder)).sort();
}

function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function windowsOf(stdout: string, dst: string): number {
  return linesOf(stdout).filter((line) => (JSON.parse(line) as Line).tags.dst === dst).length;
}
