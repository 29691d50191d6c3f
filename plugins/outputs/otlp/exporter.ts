/** One request to a receiver through the SDK's exporter, and what its answer means. */

import type { IOtlpExportDelegate } from '@opentelemetry/otlp-exporter-base';
import { core, type metrics } from '@opentelemetry/sdk-node';
import { WeftError } from '../../../core/errors.js';
import type { AnswerReader } from './answer-reader.js';
import { type GrpcFailure, grpcError } from './answers.js';
import type { PartialSuccess } from './partial-success.js';
import { type Stream, slicesOf } from './streams.js';

/** The SDK's side, for one of the protocols. */
export interface Connection {
  readonly delegate: IOtlpExportDelegate<metrics.ResourceMetrics>;
  readonly answers: AnswerReader;
  /** Gives up the request under way; where that is not possible it ends with its timeout. */
  readonly abort: (reason: unknown) => void;
  readonly url: string;
  /** Whether requests can be written one behind the other: protobuf can, JSON cannot. */
  readonly inSlices: boolean;
}

interface ExporterParts extends Connection {
  readonly request: (streams: readonly Stream[]) => metrics.ResourceMetrics;
}

export class Exporter {
  readonly #parts: ExporterParts;

  constructor(parts: ExporterParts) {
    this.#parts = parts;
  }

  get url(): string {
    return this.#parts.url;
  }

  /** One request. Resolves when the receiver took it; rejects with what becomes of the batch. */
  async export(streams: readonly Stream[], signal: AbortSignal): Promise<PartialSuccess | undefined> {
    const { answers, abort, delegate, request, inSlices } = this.#parts;
    answers.clear();
    if (inSlices) await answers.prepare(Array.from(slicesOf(streams), (slice) => request([slice])));
    signal.throwIfAborted();
    const stop = (): void => abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const done = new Promise<core.ExportResult>((resolve) => delegate.export(request(streams), resolve));
    try {
      const result = await until(done, signal);
      if (result.code !== core.ExportResultCode.SUCCESS) throw meaningOf(result.error, this.url);
      return answers.partialSuccess();
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    this.#parts.abort(new Error('the output is closed'));
    await this.#parts.delegate.shutdown();
  }
}

/** An error of a call over gRPC still has to be judged; all others were when they were made. */
function meaningOf(error: Error | undefined, receiver: string): Error {
  if (error === undefined) return new Error('the export failed, and nobody said why');
  if (error instanceof WeftError || !isGrpcFailure(error)) return error;
  return grpcError(error, receiver);
}

function isGrpcFailure(error: object): error is GrpcFailure {
  return 'code' in error && typeof error.code === 'number' && 'details' in error && typeof error.details === 'string';
}

/** What `promise` comes to, unless `signal` is aborted before. */
async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
