import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../core/log.js';

function sink(): { lines: string[]; write(line: string): void } {
  const lines: string[] = [];
  return { lines, write: (line) => void lines.push(line) };
}

test('the log is one JSON object a line, with the bindings of its children', async () => {
  const destination = sink();
  const log = await createLogger({ level: 'info', format: 'auto', destination });
  log.child({ input: 'udp' }).child({ engine: 1 }).warn({ targets: 3 }, 'no answer');
  const line = JSON.parse(destination.lines[0]!);
  assert.ok(Math.abs(Date.parse(line.time) - Date.now()) < 60_000);
  const { time: _, ...rest } = line;
  assert.deepEqual(rest, { level: 'warn', input: 'udp', engine: 1, targets: 3, msg: 'no answer' });
});

test('what is below the level is left out, and children follow a change of it', async () => {
  const destination = sink();
  const log = await createLogger({ level: 'info', format: 'json', destination });
  const child = log.child({ output: 'file' });
  child.debug({}, 'one');
  log.setLevel('debug');
  child.debug({}, 'two');
  log.setLevel('error');
  child.warn({}, 'three');
  assert.deepEqual(
    destination.lines.map((line) => JSON.parse(line).msg),
    ['two'],
  );
});

test('the text form is written at once, for people', async () => {
  const destination = sink();
  const log = await createLogger({ level: 'info', format: 'text', destination });
  log.child({ input: 'udp' }).error({ error: 'refused' }, 'input did not start');
  assert.equal(destination.lines.length, 1);
  assert.match(
    destination.lines[0]!,
    /^\[\d\d:\d\d:\d\d\.\d{3}\] ERROR: input did not start \{"input":"udp","error":"refused"\}\n$/,
  );
});
