/** What receivers answer beside "taken", which the SDK writes into its log and keeps from its caller. */

import { setImmediate } from 'node:timers/promises';
import type { IExportMetricsServiceResponse, ISerializer } from '@opentelemetry/otlp-transformer';
import type { metrics } from '@opentelemetry/sdk-node';
import { BatchRefusedError } from '../../../core/errors.js';
import type { PartialSuccess } from './partial-success.js';

export type Serializer = ISerializer<metrics.ResourceMetrics, IExportMetricsServiceResponse>;

/** The limit that the specification recommends: a larger request is not to be sent. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

/** One of the SDK's serializers, which keeps the answer to the last request. */
export class AnswerReader implements Serializer {
  readonly #serializer: Serializer;
  #answer: IExportMetricsServiceResponse | undefined;
  #prepared: Uint8Array | undefined;

  constructor(serializer: Serializer) {
    this.#serializer = serializer;
  }

  clear(): void {
    this.#answer = undefined;
    this.#prepared = undefined;
  }

  partialSuccess(): PartialSuccess | undefined {
    const said = this.#answer?.partialSuccess;
    if (said === undefined || said === null) return undefined;
    // In JSON it may be a string: it is an int64.
    const rejectedPoints = Number(said.rejectedDataPoints ?? 0);
    const message = String(said.errorMessage ?? '');
    return { rejectedPoints: rejectedPoints > 0 ? rejectedPoints : 0, message };
  }

  /**
   * Writes the next request as bytes, in slices with a look at the rest of the world between them: as one piece, ten thousand
   * points hold up the event loop for too long. Messages of protobuf that follow each other are one message.
   */
  async prepare(slices: Iterable<metrics.ResourceMetrics>): Promise<void> {
    const written: Uint8Array[] = [];
    for (const slice of slices) {
      const bytes = this.#serializer.serializeRequest(slice);
      if (bytes !== undefined) written.push(bytes);
      await setImmediate();
    }
    this.#prepared = Buffer.concat(written);
  }

  serializeRequest(request: metrics.ResourceMetrics): Uint8Array | undefined {
    const bytes = this.#prepared ?? this.#serializer.serializeRequest(request);
    this.#prepared = undefined;
    if (bytes !== undefined && bytes.length > MAX_REQUEST_BYTES)
      throw new BatchRefusedError(`a request of ${bytes.length} bytes is not sent: 64 MiB is the limit`, {
        tooLarge: true,
      });
    return bytes;
  }

  deserializeResponse(data: Uint8Array): IExportMetricsServiceResponse {
    this.#answer = this.#serializer.deserializeResponse(data) ?? undefined;
    return {};
  }
}
