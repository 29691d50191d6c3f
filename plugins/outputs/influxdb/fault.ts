/** Why a metric can never be a point. */

export type FaultReason = 'invalid' | 'reserved' | 'not_finite' | 'out_of_range' | 'too_long';

export class PointFault extends Error {
  readonly reason: FaultReason;

  constructor(reason: FaultReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
