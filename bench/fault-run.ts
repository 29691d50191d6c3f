/**
 * An agent at 20 000 metrics a second, all outputs together, while one server after the other is ill in every way there is: what
 * the servers have and what the agent has counted as lost is what was sent, to the unit; memory stays bounded, and an output
 * whose server is well does not notice. Three outputs keep on the disk what waits; a fourth one does in memory, has room for less
 * than a fault lasts, and drops. Its server is never left in doubt of what it took, since nobody can count what was stored
 * and is dropped for want of an answer.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempFolder } from '../test/support/temp-folder.js';
import type { BenchOptions, BenchRow } from './bench-row.js';
import { FaultProxy, type Illness } from './fault-proxy.js';
import {
  type Cleanup,
  type FaultServer,
  influxdbOptions,
  redisOptions,
  startInfluxdb,
  startOtlpStore,
  startRedis,
} from './fault-servers.js';
import { countsOf, FaultedAgent, type OutputPlan } from './faulted-agent.js';
import type { OwnMetric } from './own-metrics.js';
import { quantile } from './statistics.js';
import { TcpFaultProxy } from './tcp-fault-proxy.js';

const METRICS_PER_SECOND = 20_000;
const MAX_RSS_MB = 200;
/** A flush interval: whoever waited for a server that is away would wait for seconds. */
const MAX_MORE_DELAY_MS = 700;
const DELAY_QUANTILE = 0.95;
const MEMORY_LIMIT = 10_000;
/** More waits only after a fault: a flush interval brings less than half of it. */
const BEHIND = 10_000;
/** For the last outputs to catch up: the longest wait of a circuit, several times. */
const CATCH_UP_MS = 240_000;
const LOOK_MS = 1000;

type Fault = Illness | 'killed' | 'frozen';
const FAULTS: readonly Fault[] = ['killed', 'frozen', 'slow', 429, 500, 413, 'half'];
/** Of what is no HTTP. */
const TCP_FAULTS: readonly Fault[] = ['killed', 'frozen', 'slow', 'half', 'away'];
/** The server certainly has nothing of what they befall. */
const CLEAR_FAULTS: readonly Fault[] = ['away', 429, 500];

interface Patient {
  readonly output: OutputPlan;
  readonly server: FaultServer;
  readonly proxy: { illness: Illness | undefined };
  readonly faults: readonly Fault[];
}

/** When what was wrong, UTC in ms. */
interface Turn {
  /** Undefined: nothing is wrong yet. */
  readonly patient: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

export async function run({ quick }: BenchOptions): Promise<BenchRow[]> {
  const ends: (() => Promise<void> | void)[] = [];
  const cleanup: Cleanup = { after: (end) => void ends.push(end) };
  try {
    return await faultRun(quick ? 60 : 600, cleanup);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function faultRun(seconds: number, cleanup: Cleanup): Promise<BenchRow[]> {
  const patients = await startPatients(cleanup);
  const perSecond = Math.floor(METRICS_PER_SECOND / patients.length);
  const total = perSecond * seconds;
  const agent = await FaultedAgent.start({ outputs: patients.map(({ output }) => output), perSecond, total });
  cleanup.after(() => agent.stop());
  const rss = watchRss(agent);
  cleanup.after(() => void rss.stop());
  const turns = await play(patients, seconds * 1000);
  const looks = await caughtUp(agent, patients, total);
  const rows: BenchRow[] = [{ name: 'fault-run: sent to each output', value: total, unit: 'metrics' }];
  for (const { output, server } of patients)
    rows.push(...countRows(output.name, looks, total, await server.stored(total)), delayRow(output.name, looks, turns));
  const highestMb = rss.stop() / 1e6;
  const budget = `≤ ${MAX_RSS_MB} MB`;
  return [
    ...rows,
    { name: 'fault-run: RSS, highest', value: highestMb, unit: 'MB', budget, ok: highestMb <= MAX_RSS_MB },
  ];
}

async function startPatients(cleanup: Cleanup): Promise<Patient[]> {
  const folder = await tempFolder(cleanup);
  const ill = async (server: FaultServer): Promise<FaultProxy> => {
    const proxy = await FaultProxy.start(() => server.url);
    cleanup.after(() => proxy.close());
    return proxy;
  };
  const influxdb = await startInfluxdb(cleanup);
  const otlp = await startOtlpStore(cleanup, join(folder, 'otlp'));
  const redis = await startRedis(cleanup);
  const redisProxy = await TcpFaultProxy.start(redis.socket);
  cleanup.after(() => redisProxy.close());
  const memory = await startOtlpStore(cleanup, join(folder, 'memory'));
  const [influxdbProxy, otlpProxy, memoryProxy] = [await ill(influxdb), await ill(otlp), await ill(memory)];
  const output = (name: string, plugin: OutputPlan['plugin'], options: object): OutputPlan => ({
    name,
    plugin,
    options,
  });
  return [
    {
      output: output('influxdb', 'influxdb', { ...influxdbOptions(influxdbProxy.url), timeout: '2s' }),
      server: influxdb,
      proxy: influxdbProxy,
      faults: FAULTS,
    },
    {
      output: output('otlp', 'otlp', { endpoint: otlpProxy.url, timeout: '2s' }),
      server: otlp,
      proxy: otlpProxy,
      faults: FAULTS,
    },
    {
      output: output('redis', 'redis', { ...redisOptions(redisProxy.port), timeout: '2s' }),
      server: redis,
      proxy: redisProxy,
      faults: TCP_FAULTS,
    },
    {
      // A long timeout: a server that is well and slow leaves a doubt.
      output: {
        ...output('otlp-memory', 'otlp', { endpoint: memoryProxy.url, timeout: '25s' }),
        bufferLimit: MEMORY_LIMIT,
      },
      server: memory,
      proxy: memoryProxy,
      faults: CLEAR_FAULTS,
    },
  ];
}

/** Four units without a fault; then of each patient a unit ill and a unit well for each fault, and two to recover. */
async function play(patients: readonly Patient[], totalMs: number): Promise<Turn[]> {
  const units = patients.reduce((sum, { faults }) => sum + 2 * faults.length + 2, 4);
  const unitMs = totalMs / units;
  const turns: Turn[] = [];
  const during = async (patient: string | undefined, work: () => Promise<void>): Promise<void> => {
    const fromMs = Date.now();
    await work();
    turns.push({ patient, fromMs, toMs: Date.now() });
  };
  await during(undefined, () => sleep(4 * unitMs));
  for (const patient of patients) {
    await during(patient.output.name, async () => {
      for (const fault of patient.faults) {
        await suffer(patient, fault, unitMs);
        await sleep(unitMs);
      }
      await sleep(2 * unitMs);
    });
  }
  return turns;
}

async function suffer({ server, proxy }: Patient, fault: Fault, forMs: number): Promise<void> {
  switch (fault) {
    case 'killed':
      await server.kill();
      await sleep(forMs);
      return await server.restart();
    case 'frozen':
      server.stall();
      await sleep(forMs);
      return server.resume();
    default:
      proxy.illness = fault;
      await sleep(forMs);
      proxy.illness = undefined;
  }
}

/** Resolves when all was sent and nothing waits. */
async function caughtUp(agent: FaultedAgent, patients: readonly Patient[], total: number): Promise<OwnMetric[]> {
  const deadlineMs = performance.now() + CATCH_UP_MS;
  for (;;) {
    const looks = await agent.looks();
    const behind = patients.filter(({ output }) => {
      const { added, waiting } = countsOf(looks, output.name);
      return added < total || waiting > 0;
    });
    if (behind.length === 0) return looks;
    if (performance.now() > deadlineMs)
      throw new Error(`${behind.map(({ output }) => output.name).join(', ')}: metrics still wait after the run`);
    await sleep(LOOK_MS);
  }
}

function countRows(name: string, looks: readonly OwnMetric[], total: number, stored: number): BenchRow[] {
  const { written, dropped, rejected } = countsOf(looks, name);
  const missing = total - stored - dropped - rejected;
  return [
    { name: `${name}: stored by the server`, value: stored, unit: 'metrics' },
    { name: `${name}: counted as written`, value: written, unit: 'metrics' },
    { name: `${name}: counted as dropped`, value: dropped, unit: 'metrics' },
    { name: `${name}: counted as rejected`, value: rejected, unit: 'metrics' },
    {
      name: `${name}: sent and neither stored nor counted`,
      value: missing,
      unit: 'metrics',
      budget: '0',
      ok: missing === 0,
    },
  ];
}

/** How old what waits is while other servers are ill, beside what it is while none is. */
function delayRow(name: string, looks: readonly OwnMetric[], turns: readonly Turn[]): BenchRow {
  const own = looks.filter(({ tags }) => tags.output === name);
  const endOfOwn = turns.find(({ patient }) => patient === name)?.toMs ?? 0;
  const isBehind = ({ fields }: OwnMetric): boolean => (fields.buffer_size ?? 0) > BEHIND;
  const recovered = own.find((look) => Date.parse(look.time) >= endOfOwn && !isBehind(look));
  const recoveredMs = recovered === undefined ? endOfOwn : Date.parse(recovered.time);
  const delayMs = (isOf: (turn: Turn) => boolean): number => {
    const ages = own.filter(({ time }) => {
      const atMs = Date.parse(time);
      if (atMs >= endOfOwn && atMs < recoveredMs) return false;
      return turns.some((turn) => isOf(turn) && atMs >= turn.fromMs && atMs < turn.toMs);
    });
    return quantile(
      ages.map(({ fields }) => (fields.buffer_oldest_age ?? 0) / 1e6),
      DELAY_QUANTILE,
    );
  };
  const calmMs = delayMs(({ patient }) => patient === undefined);
  const value = delayMs(({ patient }) => patient !== undefined && patient !== name);
  return {
    ...{ name: `${name}: delay while others are ill, p95`, value, unit: 'ms', limit: calmMs, ratio: value / calmMs },
    ...{ budget: `≤ ${MAX_MORE_DELAY_MS} ms more than while none is`, ok: value <= calmMs + MAX_MORE_DELAY_MS },
  };
}

/** `stop` tells the highest, bytes. */
function watchRss(agent: FaultedAgent): { stop(): number } {
  let highest = 0;
  const look = (): void => {
    highest = Math.max(highest, agent.usage().rssBytes);
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    stop() {
      clearInterval(timer);
      return highest;
    },
  };
}
