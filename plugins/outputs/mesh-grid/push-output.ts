/**
 * Pushes the probes of a batch as rows to a listener. What the listener will never take (late, malformed) is rejected;
 * whatever else goes wrong, the batch is kept and pushed again, and the listener knows again what it has: a row counts once.
 */

import { StartupError } from '../../../core/errors.js';
import type { Metric } from '../../../core/metric.js';
import type { Output, PluginContext } from '../../../core/plugin.js';
import { pack } from '../../common/grid/packing.js';
import { ROWS_PATH } from '../../common/grid/row.js';
import { type EncodedRow, encodeRows, rowsDocument } from '../../common/grid/row-encoder.js';
import { PeerClient } from '../../common/peer/client.js';
import { PeerError } from '../../common/peer/failure.js';
import { type PeerSettings, peerSettings, sendsTokenInClear } from '../../common/peer/settings.js';
import type { PushConfig } from './config.js';
import { refusedRows } from './push-answer.js';
import { Settlement } from './settlement.js';

const DEFAULT_PORT = 20_119;
/** Room for a refusal of each of the rows that a batch can become. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** A listener that wants to be left alone for longer is asked again all the same. */
const MAX_RETRY_AFTER_MS = 60_000;
const TOO_LARGE = 413;
const REFUSED = 422;

export class PushOutput implements Output {
  readonly #context: PluginContext;
  readonly #settings: PeerSettings;
  readonly #timeoutMs: number;
  #client: PeerClient<'push rows'> | undefined;
  /** On the monotonic clock: before, nobody is asked. */
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  /** Throws ConfigError. */
  constructor(config: PushConfig, context: PluginContext) {
    this.#context = context;
    this.#settings = peerSettings(config, DEFAULT_PORT);
    this.#timeoutMs = config.timeout;
  }

  async connect(): Promise<void> {
    const { clock, log } = this.#context;
    const client = new PeerClient<'push rows'>({
      settings: this.#settings,
      clock,
      timeoutMs: this.#timeoutMs,
      onFailure: (_, { message }) => log.debug({ error: message }, 'a listener did not take rows'),
    });
    try {
      await client.check();
    } catch (cause) {
      client.close();
      throw new StartupError('cannot use the credentials for the listener', { retryable: true, cause });
    }
    if (sendsTokenInClear(this.#settings)) log.warn({}, 'the token goes to the listener unencrypted: use https');
    this.#client = client;
  }

  async write(batch: readonly Metric[], signal: AbortSignal): Promise<void> {
    const settlement = new Settlement();
    try {
      await this.#pushAll(batch, settlement, signal);
    } catch (error) {
      throw settlement.cutShort(error);
    }
    settlement.end();
  }

  async close(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
  }

  async #pushAll(batch: readonly Metric[], settlement: Settlement, signal: AbortSignal): Promise<void> {
    const indices = [...batch.keys()];
    const probes = indices.filter((i) => batch[i]?.name === 'probe');
    if (probes.length > 0) await this.#push(batch, probes, settlement, signal);
    // Last, so that a batch of which no probe came through counts as a failure, not as a part.
    settlement.accept(indices.filter((i) => batch[i]?.name !== 'probe'));
  }

  /** Pushes those metrics of the batch. Rejects when what is not settled is to be kept. */
  async #push(
    batch: readonly Metric[],
    indices: readonly number[],
    settlement: Settlement,
    signal: AbortSignal,
  ): Promise<void> {
    const metrics = indices.map((i) => batch[i]).filter((metric) => metric !== undefined);
    const { rows, misfits } = encodeRows(metrics, this.#context.agent.windowMs);
    const inBatch = (places: readonly number[]): number[] => places.map((place) => indices[place] ?? -1);
    for (const { index, reason } of misfits) settlement.reject(inBatch([index]), `no row can hold a probe: ${reason}`);
    if (rows.length === 0) return;
    try {
      const refused = await this.#post(rows, signal);
      for (const [i, row] of rows.entries()) {
        const message = refused.get(i);
        if (message === undefined) settlement.accept(inBatch(row.indices));
        else settlement.reject(inBatch(row.indices), message);
      }
    } catch (error) {
      const left = inBatch(rows.flatMap((row) => row.indices));
      if (!isRefusal(error)) throw this.#heldOff(error);
      if (error.answer?.status !== TOO_LARGE || left.length === 1) return settlement.reject(left, error.message);
      const half = Math.ceil(left.length / 2);
      await this.#push(batch, left.slice(0, half), settlement, signal);
      await this.#push(batch, left.slice(half), settlement, signal);
    }
  }

  /** Resolves to the rows that were not taken, with why. */
  async #post(rows: readonly EncodedRow[], signal: AbortSignal): Promise<ReadonlyMap<number, string>> {
    const waitMs = this.#notBeforeMs - this.#context.clock.monotonicMs();
    if (waitMs > 0)
      throw new PeerError('overloaded', `the listener wants no rows for ${Math.ceil(waitMs / 1000)} s more`);
    if (this.#client === undefined) throw new PeerError('local', 'the output is not connected');
    const body = await pack(rowsDocument(rows));
    const refused = await this.#client.ask({
      act: 'push rows',
      method: 'POST',
      path: ROWS_PATH,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: () => body,
      maxBodyBytes: MAX_ANSWER_BYTES,
      statuses: [200],
      read: refusedRows,
      isFinal: isRefusal,
      signal,
    });
    return new Map(refused.map(({ row, message }) => [row, message]));
  }

  /** Notes when the listener may be asked again, if that is what the error says. */
  #heldOff(error: unknown): unknown {
    if (error instanceof PeerError && error.retryAfterMs !== undefined) {
      const waitMs = Math.min(error.retryAfterMs, MAX_RETRY_AFTER_MS);
      this.#notBeforeMs = this.#context.clock.monotonicMs() + waitMs;
    }
    return error;
  }
}

/** Whether a listener said that it will never take these rows, at least not in one piece. */
function isRefusal(error: unknown): error is PeerError {
  if (!(error instanceof PeerError) || error.answer === undefined) return false;
  const { status, code } = error.answer;
  return status === TOO_LARGE || status === REFUSED || (status === 400 && code === 'malformed');
}
