/**
 * Pushes the probes of a batch as rows to a listener, in one request. What the listener will never take (late, in the future)
 * is rejected; whatever else goes wrong, the batch is kept or halved, as the contract of outputs has it, and pushed again, and
 * the listener knows again what it has: a row counts once.
 */

import { warnOfClearText } from '../../../core/clear-text.js';
import {
  BatchRefusedError,
  PartialWriteError,
  type Rejection,
  RetryLaterError,
  StartupError,
} from '../../../core/errors.js';
import type { Metric } from '../../../core/metric.js';
import type { Output, PluginContext } from '../../../core/plugin.js';
import { pack } from '../../common/grid/packing.js';
import { ROWS_PATH } from '../../common/grid/row.js';
import { type EncodedRow, encodeRows, rowsDocument } from '../../common/grid/row-encoder.js';
import { PeerClient } from '../../common/peer/client.js';
import { PeerError } from '../../common/peer/failure.js';
import { type PeerSettings, peerSettings, sendsTokenInClear } from '../../common/peer/settings.js';
import type { PushConfig } from './config.js';
import { type RefusedRow, reasonOf, refusedRows } from './push-answer.js';

const DEFAULT_PORT = 20_119;
/** Room for a refusal of each of the rows that a batch can become. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MALFORMED = 'malformed';

/** A metric that will not be taken, and the words of who does not take it. */
interface Refusal extends Rejection {
  readonly message: string;
}

export class PushOutput implements Output {
  readonly #context: PluginContext;
  readonly #settings: PeerSettings;
  readonly #timeoutMs: number;
  #client: PeerClient<'push rows'> | undefined;

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
    if (sendsTokenInClear(this.#settings)) warnOfClearText(log, 'the token goes to the listener', 'https');
    this.#client = client;
  }

  /** Metrics that are no probes are passed over: they count as written. */
  async write(batch: readonly Metric[], signal: AbortSignal): Promise<void> {
    const probes = [...batch.keys()].filter((index) => batch[index]?.name === 'probe');
    const metrics = probes.map((index) => batch[index]).filter((metric) => metric !== undefined);
    const { rows, misfits } = encodeRows(metrics, this.#context.agent.windowMs);
    const refusals = misfits.map(({ index, reason }): Refusal => {
      return { index: probes[index] ?? -1, reason: MALFORMED, message: `no row can hold a probe: ${reason}` };
    });
    const refusedRows = rows.length === 0 ? [] : await this.#push(rows, signal);
    for (const { row, reason, message } of refusedRows)
      for (const index of rows[row]?.indices ?? []) refusals.push({ index: probes[index] ?? -1, reason, message });
    settle(batch, refusals);
  }

  async close(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
  }

  /** Resolves to the rows that were not taken. Rejects when none of them was, as the contract of outputs has it. */
  async #push(rows: readonly EncodedRow[], signal: AbortSignal): Promise<RefusedRow[]> {
    if (this.#client === undefined) throw new PeerError('local', 'the output is not connected');
    const body = await pack(rowsDocument(rows));
    try {
      return await this.#client.ask({
        act: 'push rows',
        method: 'POST',
        path: ROWS_PATH,
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body: () => body,
        maxBodyBytes: MAX_ANSWER_BYTES,
        statuses: [200],
        read: refusedRows,
        isFinal: (failure) => verdictOf(failure) !== 'keep',
        signal,
      });
    } catch (cause) {
      if (!(cause instanceof PeerError)) throw cause;
      const { message, retryAfterMs } = cause;
      switch (verdictOf(cause)) {
        case 'split':
          throw new BatchRefusedError(message, { tooLarge: true, cause });
        case 'search':
          throw new BatchRefusedError(message, { reason: MALFORMED, cause });
        case 'reject':
          return [...rows.keys()].map((row) => ({ row, reason: reasonOf(cause.answer?.code), message }));
        case 'keep':
          throw retryAfterMs === undefined ? cause : new RetryLaterError(message, { retryAfterMs, cause });
      }
    }
  }
}

/** What a listener that took nothing said of all rows together: too many, one of them is malformed, none will ever be taken. */
function verdictOf({ answer }: PeerError): 'split' | 'search' | 'reject' | 'keep' {
  if (answer?.status === 413) return 'split';
  if (answer?.status === 422) return 'reject';
  // Other codes come from a proxy, which judges no rows.
  return answer?.status === 400 && answer.code === MALFORMED ? 'search' : 'keep';
}

/** Throws PartialWriteError unless all of the batch was taken. */
function settle(batch: readonly Metric[], refusals: readonly Refusal[]): void {
  const [first] = refusals;
  if (first === undefined) return;
  const refused = new Set(refusals.map(({ index }) => index));
  const accepted = [...batch.keys()].filter((index) => !refused.has(index));
  const rejected = refusals.map(({ index, reason }): Rejection => ({ index, reason }));
  // A batch that is refused is refused for one reason, nearly always.
  const message = `${refused.size} metrics are refused for good: ${first.message}`;
  throw new PartialWriteError(message, { accepted, rejected, retry: false });
}
