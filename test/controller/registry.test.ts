import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentEntry } from '../../controller/agent-entry.js';
import { Registry, type RegistryOptions } from '../../controller/registry.js';
import { RegistryError } from '../../controller/registry-error.js';
import type { RegistryStore, StoreListener } from '../../controller/store/store.js';
import { silentLogger } from '../../core/log.js';
import { FakeClock } from '../support/fake-clock.js';
import { entry, Heard, KEY_A, KEY_B, registration } from './entries.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Keeps everything, and lets a test speak as another controller or as an outage would. */
class SharedStore implements RegistryStore {
  readonly forgotten: string[] = [];
  listener!: StoreListener;
  failure: Error | undefined;
  /** Puts wait for it. */
  gate: Promise<void> = Promise.resolve();

  async open(listener: StoreListener): Promise<void> {
    this.listener = listener;
  }

  async put(entry: AgentEntry): Promise<AgentEntry> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    return entry;
  }

  async delete(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
  }

  forget(id: string): void {
    this.forgotten.push(id);
  }

  async close(): Promise<void> {}
}

async function openRegistry(changes: Partial<RegistryOptions> = {}) {
  const clock = new FakeClock();
  const store = new SharedStore();
  const registry = new Registry({
    store,
    clock,
    log: silentLogger,
    staleAfterMs: 5 * MINUTE,
    forgetAfterMs: 15 * MINUTE,
    maxAgents: 3,
    ...changes,
  });
  await registry.open();
  const heard = new Heard();
  registry.subscribe(heard);
  return { registry, clock, store, heard };
}

const refusedFor = (reason: string) => (error: unknown) => error instanceof RegistryError && error.reason === reason;

test('a silent agent is active, then stale, then forgotten', async () => {
  const { registry, clock, store, heard } = await openRegistry();
  await registry.register('a', KEY_A, registration());
  await clock.advance(5 * MINUTE - 1);
  assert.equal(registry.state('a'), 'active');
  await clock.advance(1);
  assert.equal(registry.state('a'), 'stale');
  await clock.advance(10 * MINUTE - 1);
  assert.equal(registry.get('a')?.id, 'a');
  await clock.advance(MINUTE);
  assert.equal(registry.get('a'), undefined);
  assert.deepEqual(heard.events, ['+ a', '- a']);
  assert.deepEqual(store.forgotten, ['a']);
  assert.equal(registry.figures().forgotten, 1);
});

test('heartbeats keep an agent and tell nobody; labels, endpoints and nothing else are a change', async () => {
  const { registry, clock, heard } = await openRegistry();
  for (let i = 0; i < 60; i += 1) {
    await registry.register('a', KEY_A, registration({ tor: 't1' }));
    await clock.advance(MINUTE);
  }
  await registry.register('a', KEY_A, { ...registration({ tor: 't1' }), weft: '0.2.0' });
  assert.deepEqual(heard.events, ['+ a']);
  await registry.register('a', KEY_A, registration({ tor: 't2' }));
  await registry.register('a', KEY_A, registration({ tor: 't2' }, 863));
  assert.deepEqual(heard.events, ['+ a', '+ a', '+ a']);
  assert.equal(registry.figures().registrations, 63);
});

test('who subscribes late hears of everybody who is there', async () => {
  const { registry } = await openRegistry();
  await registry.register('a', KEY_A, registration());
  await registry.register('b', KEY_A, registration());
  const late = new Heard();
  const unsubscribe = registry.subscribe(late);
  assert.deepEqual(late.events, ['+ a', '+ b']);
  unsubscribe();
  await registry.delete('a');
  assert.deepEqual(late.events, ['+ a', '+ b']);
});

test('an id belongs to the key that claimed it, until it is forgotten or deleted', async () => {
  const { registry, clock } = await openRegistry();
  await registry.register('a', KEY_A, registration());
  await assert.rejects(registry.register('a', KEY_B, registration()), refusedFor('not_yours'));
  assert.equal(registry.figures().refused.not_yours, 1);
  assert.equal(await registry.delete('a'), true);
  await registry.register('a', KEY_B, registration());
  await clock.advance(16 * MINUTE);
  await registry.register('a', KEY_A, registration());
  // A certificate proves the id better than a key does.
  await registry.register('a', '', registration());
  await assert.rejects(registry.register('a', KEY_A, registration()), refusedFor('not_yours'));
  assert.equal(await registry.delete('nobody'), false);
});

test('when all places are taken newcomers are refused, and those who wait for the store count', async () => {
  const { registry, store } = await openRegistry();
  await registry.register('a', KEY_A, registration());
  let open = (): void => {};
  store.gate = new Promise((resolve) => {
    open = resolve;
  });
  const waiting = [registry.register('b', KEY_A, registration()), registry.register('c', KEY_A, registration())];
  await assert.rejects(registry.register('d', KEY_A, registration()), refusedFor('full'));
  open();
  await Promise.all(waiting);
  await assert.rejects(registry.register('d', KEY_A, registration()), refusedFor('full'));
  await registry.register('a', KEY_A, registration({ tor: 't9' }));
  await registry.delete('c');
  await registry.register('d', KEY_A, registration());
  assert.equal(registry.size, 3);
});

test('what the store did not keep is not registered', async () => {
  const { registry, store, heard } = await openRegistry();
  store.failure = new Error('disk full');
  await assert.rejects(registry.register('a', KEY_A, registration()), refusedFor('unavailable'));
  assert.equal(registry.get('a'), undefined);
  assert.deepEqual(heard.events, []);
  store.failure = undefined;
  await registry.register('a', KEY_A, registration());
  store.failure = new Error('disk full');
  await assert.rejects(registry.delete('a'), refusedFor('unavailable'));
  assert.equal(registry.size, 1);
  assert.equal(registry.figures().storeErrors, 2);
});

test('steps of the wall clock make nobody stale, and time only grows', async () => {
  const { registry, clock } = await openRegistry();
  const first = await registry.register('a', KEY_A, registration());
  clock.stepWall(24 * HOUR);
  await clock.advance(MINUTE);
  assert.equal(registry.state('a'), 'active');
  const ahead = await registry.register('a', KEY_A, registration());
  clock.stepWall(-48 * HOUR);
  const behind = await registry.register('a', KEY_A, registration({ tor: 't1' }));
  assert.ok(first.lastSeenMs < ahead.lastSeenMs && ahead.lastSeenMs < behind.lastSeenMs);
  assert.deepEqual(registry.get('a')?.labels, { tor: 't1' });
  await clock.advance(4 * MINUTE);
  assert.equal(registry.state('a'), 'active');
});

test('a process that was stopped for an hour forgets nobody', async () => {
  const { registry, clock } = await openRegistry();
  await registry.register('a', KEY_A, registration());
  clock.stall(HOUR);
  await clock.advance(MINUTE);
  assert.equal(registry.state('a'), 'active');
});

test('while the store is away silence is not counted: nobody could register', async () => {
  const { registry, clock, store } = await openRegistry();
  await registry.register('a', KEY_A, registration());
  await clock.advance(2 * MINUTE);
  store.listener.onAvailable(false, new Error('gone'));
  assert.equal(registry.available, false);
  await clock.advance(HOUR);
  assert.equal(registry.state('a'), 'active');
  store.listener.onAvailable(true);
  await clock.advance(2 * MINUTE);
  assert.equal(registry.state('a'), 'active');
  await clock.advance(2 * MINUTE);
  assert.equal(registry.state('a'), 'stale');
});

test('of what other controllers write the later version counts, and the same version again is no sign of life', async () => {
  const { registry, clock, store, heard } = await openRegistry();
  store.listener.onPut(entry('a', 100, { labels: { tor: 't2' } }), 0);
  store.listener.onPut(entry('a', 99, { labels: { tor: 't1' } }), 0);
  assert.deepEqual(registry.get('a')?.labels, { tor: 't2' });
  for (let i = 0; i < 5; i += 1) {
    await clock.advance(MINUTE);
    store.listener.onPut(entry('a', 100, { labels: { tor: 't2' } }), 0);
  }
  assert.equal(registry.state('a'), 'stale');
  store.listener.onPut(entry('b', 100), 14 * MINUTE);
  await clock.advance(2 * MINUTE);
  assert.equal(registry.get('b'), undefined);
  store.listener.onDelete('a', 99);
  assert.equal(registry.size, 1);
  store.listener.onDelete('a', 100);
  assert.deepEqual(heard.events, ['+ a', '+ b', '- b', '- a']);
});

test('what other controllers take comes in although all places are taken', async () => {
  const { registry, store } = await openRegistry({ maxAgents: 1 });
  store.listener.onPut(entry('a', 1), 0);
  store.listener.onPut(entry('b', 1), 0);
  assert.equal(registry.size, 2);
  assert.deepEqual(registry.figures().agents, { active: 2, stale: 0 });
});

test('close is legal without open, and twice, and leaves no timer', async () => {
  const { registry, clock } = await openRegistry();
  await registry.close();
  await registry.close();
  assert.equal(clock.pending, 0);
  const unopened = {
    store: new SharedStore(),
    clock,
    log: silentLogger,
    staleAfterMs: 1,
    forgetAfterMs: 2,
    maxAgents: 1,
  };
  await new Registry(unopened).close();
});
