import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { PageWriter } from '../../../../plugins/outputs/prometheus/page-writer.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';

/** A peer that takes one piece each time it is told to. */
class SlowPeer extends Writable {
  readonly taken: string[] = [];
  #release: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.#release = () => {
      this.taken.push(chunk.toString());
      callback();
    };
  }

  take(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

const LARGE = 70_000;

test('waits for the peer before its buffer is used again', async () => {
  const peer = new SlowPeer();
  const page = new PageWriter(peer, new FakeClock());
  page.text('a'.repeat(LARGE));
  assert.ok(page.isTurnDue);
  let turned = false;
  const turn = page.turn().then(() => {
    turned = true;
  });
  await settle();
  assert.equal(turned, false);
  peer.take();
  await turn;
  page.text('é\n');
  page.bytes(Buffer.from('end'));
  const end = page.end();
  peer.take();
  await end;
  assert.deepEqual(peer.taken, ['a'.repeat(LARGE), 'é\nend']);
  assert.equal(page.bytesWritten, LARGE + 6);
});

test('a text larger than the buffer arrives whole', async () => {
  const peer = new SlowPeer();
  const page = new PageWriter(peer, new FakeClock());
  page.text('start ');
  page.text('ü'.repeat(500_000));
  const end = page.end();
  peer.take();
  await end;
  assert.equal(peer.taken.join(''), `start ${'ü'.repeat(500_000)}`);
});

test('lets others run after some milliseconds of work', async () => {
  const clock = new FakeClock();
  const page = new PageWriter(new SlowPeer(), clock);
  const asked = Array.from({ length: 100 }, () => page.isTurnDue);
  assert.ok(!asked.includes(true));
  clock.stall(6);
  let others = false;
  setImmediate(() => {
    others = true;
  });
  assert.ok(Array.from({ length: 100 }, () => page.isTurnDue).includes(true));
  await page.turn();
  assert.ok(others);
});

test('rejects when the peer leaves, before and during a write', async () => {
  const peer = new SlowPeer();
  const page = new PageWriter(peer, new FakeClock());
  page.text('x'.repeat(LARGE));
  const turn = page.turn();
  peer.destroy();
  await assert.rejects(turn);
  page.text('x');
  await assert.rejects(page.end(), /closed the connection/);
});
