import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../support/temp-folder.js';
import { Terminal } from '../support/terminal.js';
import { WAIT_LIMIT_MS, waitFor, withLimit } from '../support/wait-for.js';
import { WEFT, WeftProcess } from '../support/weft-process.js';

interface ProcessItem {
  readonly pid: number | null;
  readonly state: string;
  readonly deaths: number;
}

interface AgentItem {
  readonly name: string;
  readonly registration: string | null;
  readonly prometheus: string;
}

interface DemoLine {
  readonly elapsed_ms: number;
  readonly totals: Readonly<Record<string, { readonly loss: number | null; readonly probes_per_second: number }>>;
  readonly grid: ProcessItem & { readonly url: string };
  readonly controller: ProcessItem & { readonly url: string; readonly answers: boolean };
  readonly agents: readonly (ProcessItem & AgentItem)[];
  readonly pairs: readonly {
    readonly transport: string;
    readonly src: string;
    readonly dst: string;
    readonly success: number;
    readonly timeout: number;
    readonly network_rtt_p99: number | null;
  }[];
}

/** Its files go to a folder of the test's: a demo that is killed cannot remove them. */
async function startDemo(t: TestContext, ...args: readonly string[]): Promise<WeftProcess> {
  const demo = new WeftProcess(['demo', '--json', ...args], { TMPDIR: await tempFolder(t) });
  t.after(() => demo.destroy());
  return demo;
}

function lines(demo: WeftProcess): DemoLine[] {
  return demo.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const measured = (line: DemoLine): number => line.pairs.filter((pair) => pair.success > 0).length;

/** Of the agents, then of the controller and the grid. */
function pidsOf({ agents, controller, grid }: DemoLine): number[] {
  return [...agents, controller, grid].flatMap(({ pid }) => (pid === null ? [] : [pid]));
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url, { signal: AbortSignal.timeout(WAIT_LIMIT_MS) })).text();
}

interface GridAnswer {
  readonly src: readonly string[];
  readonly states: string;
  readonly patterns: readonly { readonly pattern: string; readonly name: string }[];
}

/** Of a second. A fault stands out after a dozen; all are up after a minute at the latest. */
const MAX_WINDOWS = 180;

interface WorstAnswer {
  readonly pairs: readonly { readonly src: string; readonly dst: string; readonly value: number }[];
}

/** What the grid answers, once that is `wanted`; until rows have come it answers 404. Gives up after so many windows. */
async function gridUntil<T>(demo: WeftProcess, path: string, wanted: (answer: T) => boolean): Promise<T> {
  const { grid } = await demo.until('a line', () => lines(demo).at(-1));
  let said = '';
  for (let windows = 0; windows < MAX_WINDOWS; windows += 1) {
    const signal = AbortSignal.timeout(WAIT_LIMIT_MS);
    const answer = await fetch(grid.url + path, { signal }).catch(() => undefined);
    said = (await answer?.text()) ?? 'nothing';
    const body = answer?.ok === true ? (JSON.parse(said) as T) : undefined;
    if (body !== undefined && wanted(body)) return body;
    const shown = lines(demo).length;
    await demo.until('the next window', () => lines(demo).length > shown);
  }
  assert.fail(`the grid does not come to say what is wanted at ${path}; it says ${said.slice(0, 1000)}`);
}

const namesOnly = (host: string) => (answer: GridAnswer) =>
  answer.patterns.length === 1 && answer.patterns[0]?.pattern === 'host_trouble' && answer.patterns[0].name === host;

/** Resolves when the process is gone, which need not be a child of ours. */
async function gone(pid: number): Promise<void> {
  const tail = spawn('tail', ['-f', '/dev/null', '--pid', `${pid}`], { stdio: 'ignore' });
  await withLimit(`the end of process ${pid}`, once(tail, 'exit'));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('eight agents probe each other over UDP and TCP: 112 cells, eight Prometheus endpoints', async (t) => {
  const demo = await startDemo(t);
  const full = await demo.until('a full grid', () => lines(demo).find((line) => measured(line) === 112));
  assert.equal(full.agents.length, 8);
  assert.ok(full.agents.every((agent) => agent.state === 'up' && agent.deaths === 0));
  assert.ok(full.pairs.every((pair) => pair.network_rtt_p99 !== null && pair.src !== pair.dst));
  for (const transport of ['udp', 'tcp']) {
    assert.equal(full.pairs.filter((pair) => pair.transport === transport).length, 56);
    // Not 0: on a busy machine an answer may take longer than the demo waits for it.
    assert.ok((full.totals[transport]?.loss ?? 1) < 0.1, 'the start of the demo is not loss');
  }
  const first = lines(demo).find(({ pairs }) => pairs.length > 0);
  const states = [first?.grid, ...(first?.agents ?? [])].map((process) => process?.state);
  assert.deepEqual(new Set(states), new Set(['up']), 'nobody is probed before all are up');
  const { targets } = JSON.parse(await textOf(`${full.controller.url}/v1/agents/host-1/pinglist`));
  assert.equal(targets.length, 14, 'every agent gets the others from the controller, for both transports');
  for (const agent of full.agents) {
    const page = await textOf(agent.prometheus);
    assert.match(page, new RegExp(`weft_probes_total\\{[^}]*src="${agent.name}"[^}]*transport="udp"`));
    assert.match(page, new RegExp(`weft_probes_total\\{[^}]*src="${agent.name}"[^}]*transport="tcp"`));
  }
  const whole = ({ states }: GridAnswer): boolean => states.replaceAll('-', '').length === 56;
  for (const transport of ['udp', 'tcp']) {
    const { src } = await gridUntil<GridAnswer>(demo, `/v1/grid?level=host&transport=${transport}`, whole);
    assert.equal(src.length, 8, 'all rows are pushed to the grid');
  }
  demo.kill('SIGTERM');
  assert.equal((await demo.exit).code, 0);
  assert.deepEqual(pidsOf(full).filter(isAlive), []);
});

test('an agent that dies is reported, started again and measured again', async (t) => {
  const demo = await startDemo(t, '--hosts', '3');
  const full = await demo.until('a full grid', () => lines(demo).find((line) => measured(line) === 12));
  process.kill(pidsOf(full)[1] ?? 0, 'SIGKILL');
  await demo.until('the death', () => lines(demo).some((line) => line.agents[1]?.deaths === 1));
  const again = await demo.until('a full grid again', () =>
    lines(demo).find((line) => line.agents[1]?.deaths === 1 && line.agents[1].state === 'up' && measured(line) === 12),
  );
  assert.notEqual(again.agents[1]?.pid, full.agents[1]?.pid);
  demo.kill('SIGINT');
  assert.equal((await demo.exit).code, 0);
});

test('a controller that dies is started again and knows its agents, which go on', async (t) => {
  const demo = await startDemo(t, '--hosts', '3');
  const full = await demo.until('a full grid', () => lines(demo).find((line) => measured(line) === 12));
  process.kill(full.controller.pid ?? 0, 'SIGKILL');
  const again = await demo.until('an answer of the next one', () =>
    lines(demo).find(({ controller }) => controller.deaths === 1 && controller.answers),
  );
  assert.ok(again.agents.every(({ registration, deaths }) => registration === 'active' && deaths === 0));
  assert.ok(lines(demo).every((line) => line.elapsed_ms < full.elapsed_ms || measured(line) === 12));
  assert.equal(again.controller.url, full.controller.url);
  demo.kill('SIGTERM');
  assert.equal((await demo.exit).code, 0);
});

test('an agent that is halted is lost for the others and stale for the controller, and ends with the demo', async (t) => {
  const demo = await startDemo(t, '--hosts', '2', '--transports', 'udp');
  const full = await demo.until('a full grid', () => lines(demo).find((line) => measured(line) === 2));
  process.kill(pidsOf(full)[1] ?? 0, 'SIGSTOP');
  const stale = await demo.until('staleness', () =>
    lines(demo).find(({ agents }) => agents[1]?.registration === 'stale'),
  );
  assert.ok((stale.pairs.find(({ dst }) => dst === 'host-2')?.timeout ?? 0) > 0);
  demo.kill('SIGTERM');
  assert.equal((await demo.exit).code, 0);
  assert.deepEqual(pidsOf(full).filter(isAlive), []);
});

test('when the demo is killed, its agents and its controller end by themselves', async (t) => {
  const demo = await startDemo(t, '--hosts', '3');
  const line = await demo.until('all agents', () =>
    lines(demo).find(({ agents }) => agents.every(({ state }) => state === 'up')),
  );
  demo.kill('SIGKILL');
  await Promise.all(pidsOf(line).map(gone));
});

test('--transports leaves out what is not named', async (t) => {
  const demo = await startDemo(t, '--hosts', '2', '--transports', 'tcp');
  const full = await demo.until('a full grid', () => lines(demo).find((line) => measured(line) === 2));
  assert.deepEqual(Object.keys(full.totals), ['tcp']);
  demo.kill('SIGTERM');
  assert.equal((await demo.exit).code, 0);

  const wrong = await startDemo(t, '--transports', 'udp,quic');
  assert.equal((await wrong.exit).code, 2);
  assert.match(wrong.stderr, /Expected some of udp, tcp/);
});

test('--fault: the grid names the host that loses probes, over both transports', async (t) => {
  const demo = await startDemo(t, '--hosts', '4', '--fault');
  for (const transport of ['udp', 'tcp']) {
    await gridUntil<GridAnswer>(demo, `/v1/grid?level=host&transport=${transport}`, namesOnly('host-3'));
  }
  const worst = await gridUntil<WorstAnswer>(demo, '/v1/worst?level=host&transport=udp&stat=loss&n=3', ({ pairs }) =>
    pairs.every(({ dst, value }) => dst === 'host-3' && value > 0),
  );
  assert.equal(worst.pairs.length, 3);
  demo.kill('SIGTERM');
  assert.equal((await demo.exit).code, 0);
});

test('--fault: a slow network is trouble of the network, a busy host is not', async (t) => {
  const slow = await startDemo(t, '--hosts', '3', '--transports', 'udp', '--fault', 'delay:host-2:50ms');
  await gridUntil<GridAnswer>(slow, '/v1/grid?level=host', namesOnly('host-2'));
  slow.kill('SIGTERM');
  assert.equal((await slow.exit).code, 0);

  const busy = await startDemo(t, '--hosts', '3', '--transports', 'udp', '--fault', 'busy:host-2:50ms');
  const least = '&stat=min&n=2';
  const answers = await gridUntil<WorstAnswer>(
    busy,
    `/v1/worst?level=host&delay=responder_delay${least}`,
    ({ pairs }) => pairs.every(({ dst, value }) => dst === 'host-2' && value >= 50e6),
  );
  assert.equal(answers.pairs.length, 2);
  const network = await gridUntil<WorstAnswer>(busy, `/v1/worst?level=host&delay=network_rtt${least}`, () => true);
  assert.ok(
    network.pairs.every(({ value }) => value < 50e6),
    'its network is as quick as that of the others',
  );
  busy.kill('SIGTERM');
  assert.equal((await busy.exit).code, 0);
});

test('a fault that cannot be is refused before anything starts', async (t) => {
  const malformed = await startDemo(t, '--fault', 'loss:host-1');
  assert.equal((await malformed.exit).code, 2);
  assert.match(malformed.stderr, /Expected loss:HOST:10%/);
  const absent = await startDemo(t, '--hosts', '2', '--fault');
  assert.equal((await absent.exit).code, 2);
  assert.match(absent.stderr, /there is no "host-3"; the hosts are host-1 to host-2/);
});

test('it ends by itself after --duration, and when nobody reads it', async (t) => {
  const timed = await startDemo(t, '--hosts', '2', '--duration', '2500ms');
  assert.equal((await timed.exit).code, 0);
  assert.ok(lines(timed).length >= 2);

  const unread = await startDemo(t, '--hosts', '2');
  await unread.until('a line', () => lines(unread).length > 0);
  unread.child.stdout?.destroy();
  assert.equal((await unread.exit).code, 0);
});

interface TerminalDemo {
  readonly terminal: Terminal;
  readonly script: ChildProcess;
  drawn(text: RegExp): Promise<void>;
}

/** The demo on a pseudo-terminal of 80 columns, as script(1) gives it. */
function startOnTerminal(t: TestContext, directory: string): TerminalDemo {
  const terminal = new Terminal();
  const command = `stty columns 80 rows 40; exec ${process.execPath} ${WEFT} demo --hosts 2`;
  const env = { ...process.env, TERM: 'xterm-256color', TMPDIR: directory };
  // Either says that nobody sees colours.
  Reflect.deleteProperty(env, 'NO_COLOR');
  Reflect.deleteProperty(env, 'CI');
  const script = spawn('script', ['-qec', command, '/dev/null'], { env });
  t.after(() => script.kill('SIGKILL'));
  script.stdout.setEncoding('utf8').on('data', (output: string) => terminal.write(output));
  const shown = (): string => terminal.lines.join('\n');
  const drawn = async (text: RegExp): Promise<void> => {
    await waitFor(`${text}`, () => text.test(shown()), { turn: () => once(script.stdout, 'data'), seen: shown });
  };
  return { terminal, script, drawn };
}

test('on a terminal it draws in place in colour, and Ctrl-C leaves the last grid', async (t) => {
  const directory = await tempFolder(t);
  const { terminal, script, drawn } = startOnTerminal(t, directory);
  await drawn(/^host-1 .*\d+[nµ]s 0%$/m);
  assert.ok(terminal.alternate);
  assert.ok(terminal.coloured);
  assert.equal(terminal.cursorVisible, false);
  assert.equal(terminal.lines.filter((line) => line.startsWith('host-1 ')).length, 1, 'one grid, not a scroll of them');
  assert.equal((await readdir(directory)).length, 1);
  script.stdin?.write('\u0003');
  assert.equal((await withLimit('the end of the demo', once(script, 'close'), { seen: () => terminal.lines }))[0], 0);
  assert.equal(terminal.alternate, false);
  assert.equal(terminal.cursorVisible, true);
  assert.match(terminal.lines.join('\n'), /^weft demo – grid http\S+ · 2 of 2 agents up/m);
  assert.doesNotMatch(terminal.lines.join('\n'), /^Files/m);
  assert.deepEqual(await readdir(directory), [], 'nothing is left behind');
});
