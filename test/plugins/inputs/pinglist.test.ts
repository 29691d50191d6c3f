import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { systemClock } from '../../../core/clock.js';
import type { Metric } from '../../../core/metric.js';
import { type Board, createBoard } from '../../../core/pinglist/board.js';
import type { Accumulator, PluginContext } from '../../../core/plugin.js';
import type { PinglistConfig } from '../../../plugins/inputs/pinglist/config.js';
import { SETTLE_MS } from '../../../plugins/inputs/pinglist/file-watcher.js';
import { type Machine, PinglistInput } from '../../../plugins/inputs/pinglist/pinglist.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { waitFor, withLimit } from '../../support/wait-for.js';

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };
const NO_SIGNAL = new AbortController().signal;

const listOf = (...addresses: string[]) =>
  JSON.stringify({ version: 1, targets: addresses.map((address) => ({ transport: 'udp', dst: address, address })) });

/** Accumulates, and lets a test wait for the next error. */
class Collector implements Accumulator {
  readonly metrics: Metric[] = [];
  readonly errors: unknown[] = [];
  #onError = (): void => {};

  add(metric: Metric): void {
    this.metrics.push(metric);
  }

  addError(error: unknown): void {
    this.errors.push(error);
    this.#onError();
  }

  nextError(): Promise<void> {
    const reported = new Promise<void>((resolve) => {
      this.#onError = resolve;
    });
    return withLimit('an error', reported);
  }
}

describe('inputs/pinglist', () => {
  let folder: string;
  let file: string;
  let board: Board;
  let input: PinglistInput | undefined;
  let acc: Collector;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-pinglist-'));
    file = join(folder, 'list.json');
    board = createBoard({ log: QUIET, maxRate: 10_000 });
    acc = new Collector();
  });

  afterEach(async () => {
    await input?.stop();
    input = undefined;
    await rm(folder, { recursive: true });
  });

  function make(options: Partial<PinglistConfig> = {}, machine: Machine = {}, clock = systemClock): PinglistInput {
    const config = { file, poll_interval: 60_000, pingweave_udp_port: 862, pingweave_tcp_port: 862, ...options };
    const agent = { hostname: 'a', labels: {}, version: '0', windowMs: 10_000 };
    const context: PluginContext = { name: 'pinglist', log: QUIET, clock, agent, board };
    input = new PinglistInput(config, context, machine);
    return input;
  }

  const onBoard = (): string[] => {
    let addresses: string[] = [];
    board.subscribe('udp', (targets) => (addresses = targets.map(({ address }) => address)))();
    return addresses;
  };

  /** Resolves when the board holds exactly these. */
  function published(...addresses: string[]): Promise<void> {
    const found = new Promise<void>((resolve) => {
      const unsubscribe = board.subscribe('udp', (targets) => {
        if (targets.map(({ address }) => address).join() !== addresses.join()) return;
        resolve();
        queueMicrotask(() => unsubscribe());
      });
    });
    return withLimit(`${addresses} on the board`, found, { seen: () => ({ errors: acc.errors, board: onBoard() }) });
  }

  async function figures(): Promise<Record<string, unknown>> {
    await input?.gather(acc);
    const { name, tags, fields } = acc.metrics.at(-1) as Metric;
    assert.equal(name, 'weft_pinglist');
    assert.deepEqual(tags, { file });
    return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.value]));
  }

  test('publishes on start, retracts on stop', async () => {
    await writeFile(file, listOf('10.0.0.2', '10.0.0.3'));
    await make().start(acc, NO_SIGNAL);
    assert.deepEqual(onBoard(), ['10.0.0.2', '10.0.0.3']);
    assert.deepEqual(await figures(), { targets: 2, scale: 1, reloads: 0, reload_errors: 0 });
    await input?.stop();
    assert.deepEqual(onBoard(), []);
  });

  test('a missing file and a bad one are startup errors that may pass', async () => {
    await assert.rejects(make().start(acc, NO_SIGNAL), { code: 'WEFT_STARTUP', retryable: true });
    await writeFile(file, '{ "version": 1, "targets": [ { "transport": "udp" } ] }');
    await assert.rejects(make().start(acc, NO_SIGNAL), (error: Error) => {
      assert.match(String(error.cause), /targets\[0\]/);
      return true;
    });
    await writeFile(file, listOf('10.0.0.2'));
    await input?.start(acc, NO_SIGNAL);
    assert.deepEqual(onBoard(), ['10.0.0.2']);
  });

  test('a file that is being written at the start is read again once it has settled', async () => {
    const clock = new FakeClock();
    await writeFile(file, '');
    const started = make({}, {}, clock).start(acc, NO_SIGNAL);
    const settling = () => waitFor('a look at the file', () => clock.pending > 0, { turn: settle });
    await settling();
    await writeFile(file, '{ "version": 1');
    await clock.advance(SETTLE_MS);
    await settling();
    await writeFile(file, listOf('10.0.0.2'));
    await clock.advance(SETTLE_MS);
    await started;
    assert.deepEqual(onBoard(), ['10.0.0.2']);
    assert.deepEqual(acc.errors, []);
  });

  test('a board that somebody else holds is a startup error', async () => {
    await writeFile(file, listOf('10.0.0.2'));
    board.publish('controller', { revision: '1', targets: [] });
    await assert.rejects(make().start(acc, NO_SIGNAL), { code: 'WEFT_STARTUP', retryable: true });
  });

  test('an aborted start publishes nothing', async () => {
    await writeFile(file, listOf('10.0.0.2'));
    const controller = new AbortController();
    const started = make().start(acc, controller.signal);
    controller.abort();
    await input?.stop();
    await assert.rejects(started, { name: 'AbortError' });
    assert.equal(board.status().provider, undefined);
  });

  test('follows a file that is written in place', async () => {
    await writeFile(file, listOf('10.0.0.2'));
    await make().start(acc, NO_SIGNAL);
    await writeFile(file, listOf('10.0.0.3'));
    await published('10.0.0.3');
    assert.deepEqual(await figures(), { targets: 1, scale: 1, reloads: 1, reload_errors: 0 });
    assert.equal((await figures()).reloads, 0);
  });

  test('follows a file that is replaced by renaming', async () => {
    await writeFile(file, listOf('10.0.0.2'));
    await make().start(acc, NO_SIGNAL);
    for (const address of ['10.0.0.3', '10.0.0.4']) {
      await writeFile(join(folder, 'new'), listOf(address));
      await rename(join(folder, 'new'), file);
      await published(address);
    }
  });

  test('follows symlinks that are swapped, as Kubernetes mounts a ConfigMap', async () => {
    for (const [version, address] of [
      ['v1', '10.0.0.2'],
      ['v2', '10.0.0.3'],
    ] as const) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'list.json'), listOf(address));
    }
    await symlink('v1', join(folder, '..data'));
    await symlink('..data/list.json', file);
    await make().start(acc, NO_SIGNAL);
    assert.deepEqual(onBoard(), ['10.0.0.2']);
    await symlink('v2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await published('10.0.0.3');
  });

  test('a bad new list changes nothing, is reported once, and the next good one is taken', async () => {
    await writeFile(file, listOf('10.0.0.2'));
    await make().start(acc, NO_SIGNAL);
    const reported = acc.nextError();
    await writeFile(file, '{ "version": 1');
    await reported;
    assert.deepEqual(onBoard(), ['10.0.0.2']);
    assert.match(String(acc.errors[0]), /not JSON/);
    await writeFile(file, listOf('10.0.0.3'));
    await published('10.0.0.3');
    assert.equal(acc.errors.length, 1);
    assert.deepEqual(await figures(), { targets: 1, scale: 1, reloads: 1, reload_errors: 1 });
  });

  test('a file that goes away is reported, the list stays', async () => {
    await writeFile(file, listOf('10.0.0.2'));
    await make().start(acc, NO_SIGNAL);
    const reported = acc.nextError();
    await rm(file);
    await reported;
    assert.match(String(acc.errors[0]), /ENOENT/);
    assert.deepEqual(onBoard(), ['10.0.0.2']);
  });

  test('a list in PingWeave’s form follows the addresses of this host', async () => {
    file = join(folder, 'pinglist.yaml');
    await writeFile(file, 'mesh:\n  udp:\n    g: [10.0.0.1, 10.0.0.2, 10.0.0.3]\n');
    let addresses: string[] = [];
    await make({ pingweave_udp_port: 1862 }, { localAddresses: () => addresses }).start(acc, NO_SIGNAL);
    assert.deepEqual(onBoard(), []);
    addresses = ['10.0.0.1'];
    await figures();
    await published('10.0.0.2', '10.0.0.3');
    board.subscribe('udp', ([first]) => assert.equal(first?.port, 1862))();
  });

  describe('without notifications', () => {
    const unwatchable: Machine = {
      watch: () => {
        throw new Error('out of watches');
      },
    };
    let clock: FakeClock;

    beforeEach(async () => {
      clock = new FakeClock();
      await writeFile(file, listOf('10.0.0.2'));
      await make({ poll_interval: 5000 }, unwatchable, clock).start(acc, NO_SIGNAL);
    });

    /** Runs the timer that is due next, and waits until the look it started has set the one after. */
    async function look(ms: number): Promise<void> {
      await clock.advance(ms);
      await waitFor('the next look', () => clock.pending > 0, { turn: settle });
    }

    test('the file is looked at on the interval, and believed when it looks the same twice', async () => {
      await writeFile(file, listOf('10.0.0.3'));
      await look(4999);
      assert.deepEqual(onBoard(), ['10.0.0.2']);
      await look(1);
      assert.deepEqual(onBoard(), ['10.0.0.2']);
      await look(SETTLE_MS);
      assert.deepEqual(onBoard(), ['10.0.0.3']);
    });

    test('the file is looked at soon when a fresh list is asked for', async () => {
      await writeFile(file, listOf('10.0.0.3'));
      board.requestRefresh('a test');
      await look(SETTLE_MS);
      await look(SETTLE_MS);
      assert.deepEqual(onBoard(), ['10.0.0.3']);
      await input?.stop();
      board.requestRefresh('a test');
      assert.equal(clock.pending, 0);
    });

    test('a file that is still being written is left alone', async () => {
      const reads = [];
      for (let step = 1; step <= 3; step++) {
        await writeFile(file, '{ "version": 1'.slice(0, step));
        await utimes(file, step, step);
        await look(step === 1 ? 5000 : SETTLE_MS);
        reads.push(acc.errors.length);
      }
      assert.deepEqual(reads, [0, 0, 0]);
      await look(SETTLE_MS);
      assert.equal(acc.errors.length, 1);
    });

    test('a stop while a new list is being read: the new list does not take the board', async () => {
      await input?.stop();
      clock = new FakeClock();
      let stopNow = false;
      const localAddresses = (): string[] => {
        // Asked for at the beginning of each read.
        if (stopNow) void input?.stop();
        return [];
      };
      await make({ poll_interval: 5000 }, { ...unwatchable, localAddresses }, clock).start(acc, NO_SIGNAL);
      stopNow = true;
      await writeFile(file, listOf('10.0.0.3'));
      await look(5000);
      await clock.advance(SETTLE_MS);
      await waitFor('an empty board', () => board.status().provider === undefined, { turn: settle });
      // The read goes on; as many reads as this end after it.
      for (let i = 0; i < 20; i++) await readFile(file);
      assert.equal(board.status().provider, undefined);
      assert.equal(clock.pending, 0);
    });

    test('a stopped input looks no more', async () => {
      await input?.stop();
      assert.equal(clock.pending, 0);
    });
  });
});
