/**
 * A restart of an agent as its probers see it: two hosts with a port of the fake verbs library each, in one process, and a
 * real controller. What the new queue pair costs is `stale`, and over long before the next list would have come by itself.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../core/clock.js';
import { type Board, createBoard } from '../../core/pinglist/board.js';
import type { Input, PluginContext } from '../../core/plugin.js';
import { ControllerInput } from '../../plugins/inputs/controller/controller.js';
import { DEFAULT_QKEY } from '../../plugins/inputs/rdma-ud/config.js';
import { NATIVE_DOOR, type RdmaDoor } from '../../plugins/inputs/rdma-ud/door.js';
import { RdmaUdInput } from '../../plugins/inputs/rdma-ud/rdma-ud.js';
import { started, TOKENS } from '../controller/api/controller.js';
import { TestAccumulator } from '../support/accumulator.js';
import { MemoryLog } from '../support/memory-log.js';
import { countOf, ENDLESS_WINDOW_MS, isProbe } from '../support/probing-rig.js';
import { ownFakeVerbs } from '../support/rdma-rig.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';

const configured = ownFakeVerbs();

/** Of the lists, and of the first contact after a restart: nobody gets anywhere by waiting for it. */
const REFRESH_MS = 3_600_000;
const RDMA = {
  ...{ address: '', traffic_class: 0, service_level: 0, qkey: DEFAULT_QKEY, pkey_index: 0, queue_pairs: 0 },
  ...{ receive_slots: 256, rate_limit: 0, busy_poll: false, probe: true, reflect: true, per_path: false },
};

class Host {
  readonly log = new MemoryLog();
  readonly #name: string;
  readonly #device: string;
  readonly #controller: { readonly url: string; readonly folder: string };
  #acc = new TestAccumulator();
  #inputs: readonly Required<Input>[] = [];
  #board: Board | undefined;

  constructor(
    t: TestContext,
    name: string,
    device: string,
    controller: { readonly url: string; readonly folder: string },
  ) {
    this.#name = name;
    this.#device = device;
    this.#controller = controller;
    t.after(() => this.stop());
  }

  /** The first contact comes at once with `startSpreadMs` 0. Resolves when the port is open. */
  async start(startSpreadMs: number, door: RdmaDoor = NATIVE_DOOR): Promise<void> {
    const board: Board = createBoard({ log: this.log, maxRate: 10_000 });
    const agent = { hostname: this.#name, labels: {}, version: '0', windowMs: ENDLESS_WINDOW_MS };
    const context: PluginContext = { name: 'host', log: this.log, clock: systemClock, agent, board };
    const config = {
      url: this.#controller.url,
      token: TOKENS.agent,
      on_loss: 'stop' as const,
      state_file: join(this.#controller.folder, `${this.#name}.state`),
      timeout: 10_000,
      start_spread: startSpreadMs,
    };
    this.#acc = new TestAccumulator();
    this.#inputs = [
      new ControllerInput(config, context),
      new RdmaUdInput({ ...RDMA, devices: [this.#device] }, context, door),
    ];
    this.#board = board;
    await Promise.all(this.#inputs.map((input) => input.start(this.#acc, new AbortController().signal)));
  }

  /** The controller hears nothing of it, as when the process is killed. */
  async stop(): Promise<void> {
    for (const input of this.#inputs) await input.stop();
    this.#inputs = [];
  }

  /** On its list. */
  get targets(): number {
    return this.#board?.status().targets['rdma-ud'] ?? 0;
  }

  /** As a target that falls silent does. */
  askForFreshList(): void {
    this.#board?.requestRefresh('a test');
  }

  /** Answers of other hosts so far; gathers. */
  async answers(): Promise<number> {
    for (const input of this.#inputs) await input.gather(this.#acc, new AbortController().signal);
    return this.#acc.metrics.reduce(
      (sum, metric) => sum + (metric.name === 'weft_engine' ? countOf(metric, 'success') : 0),
      0,
    );
  }

  /** Of all windows, once it is stopped. */
  total(field: string): number {
    return this.#acc.metrics.filter(isProbe).reduce((sum, metric) => sum + countOf(metric, field), 0);
  }

  get errors(): readonly unknown[] {
    return this.#acc.errors;
  }
}

/** Waits for `n` answers more. */
async function answered(host: Host, n: number): Promise<void> {
  const enough = (await host.answers()) + n;
  await waitFor(`${enough} answers`, async () => (await host.answers()) >= enough);
}

/** A host `b` that is probed by `a`, which has its list. */
async function probed(t: TestContext): Promise<{ a: Host; b: Host }> {
  await configured();
  const controller = await started(t, {
    refresh: REFRESH_MS,
    // A machine that is busy for half a second loses nothing.
    policies: [{ mode: 'mesh', transport: 'rdma-ud', interval: '100ms', timeout: '2s' }],
  });
  const place = { url: controller.url, folder: await tempFolder(t) };
  const [a, b] = [new Host(t, 'a', 'fake0', place), new Host(t, 'b', 'fake1', place)];
  await b.start(0);
  // It is on the list of whoever comes later.
  const ask = () => controller.ask({ path: '/v1/agents/b', token: TOKENS.reader });
  await waitFor('b to be registered', async () => (await ask()).status === 200, { turn: () => b.answers() });
  await a.start(0);
  await answered(a, 5);
  return { a, b };
}

/** Ends it: what was sent to the old queue pair is `stale`, nothing is loss. */
async function isNoLoss(a: Host): Promise<void> {
  await a.stop();
  assert.deepEqual(a.errors, []);
  assert.ok(a.total('stale') > 0, 'probes to the old queue pair');
  assert.equal(a.total('timeout'), 0);
}

test('a host that restarts is soon probed again, and its restart is no loss', async (t) => {
  const { a, b } = await probed(t);
  await b.stop();
  const goneMs = systemClock.monotonicMs();
  await b.start(REFRESH_MS);
  await answered(a, 5);
  t.diagnostic(`answers again after ${Math.round(systemClock.monotonicMs() - goneMs)} ms`);
  await isNoLoss(a);
});

test('a host whose device opens slowly is on every list meanwhile, with its old queue pair', async (t) => {
  const { a, b } = await probed(t);
  const openingMs = 2000;
  const slowDoor: RdmaDoor = {
    ...NATIVE_DOOR,
    async rdmaDevices() {
      await new Promise((resolve) => setTimeout(resolve, openingMs));
      return NATIVE_DOOR.rdmaDevices();
    },
  };
  await b.stop();
  const opened = b.start(0, slowDoor);
  // So that it has one made in the meantime.
  a.askForFreshList();
  await opened;
  assert.equal(a.targets, 1);
  await answered(a, 5);
  await isNoLoss(a);
});
