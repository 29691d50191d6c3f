/** Why a metric can never be stored. */

export type FaultReason = 'invalid' | 'not_finite' | 'out_of_range' | 'too_large';

export class MetricFault extends Error {
  readonly reason: FaultReason;

  constructor(reason: FaultReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
