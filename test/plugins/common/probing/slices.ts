/** Slices as the engine writes them (native/src/base/record.h), put together by hand. */

import {
  CLOCK_NAMES,
  type ClockName,
  EXCHANGE_NAMES,
  type ExchangeResult,
  type ProbeResult,
  RESULT_NAMES,
  Slice,
} from '../../../../native/index.js';

const HEADER_BYTES = 64;
const RECORD_BYTES = 64;

export interface RecordFields {
  readonly id: number;
  /** UTC, µs. */
  readonly sentUs: number;
  readonly result?: ProbeResult;
  readonly path?: number;
  readonly clock?: ClockName;
  readonly errno?: number;
  readonly networkRttNs?: number;
  readonly proberDelayNs?: number;
  readonly responderDelayNs?: number;
  readonly programRttNs?: number;
  /** Of TCP probes, who have no responder delay. */
  readonly tcp?: {
    readonly exchangeNs?: number;
    readonly synRetransmits?: number;
    readonly exchangeRetransmits?: number;
    readonly httpStatus?: number;
    readonly sourcePort?: number;
    readonly refused?: boolean;
    readonly exchange?: ExchangeResult;
  };
}

export function sliceOf(settledUs: number, records: readonly RecordFields[] = []): Slice {
  const buffer = new ArrayBuffer(HEADER_BYTES + records.length * RECORD_BYTES);
  const view = new DataView(buffer);
  view.setUint32(0, records.length, true);
  view.setFloat64(8, settledUs, true);
  records.forEach((record, i) => {
    const at = HEADER_BYTES + i * RECORD_BYTES;
    view.setUint32(at, record.id, true);
    view.setUint16(at + 4, record.path ?? 0, true);
    view.setUint8(at + 6, RESULT_NAMES.indexOf(record.result ?? 'success'));
    view.setUint8(at + 7, CLOCK_NAMES.indexOf(record.clock ?? 'kernel'));
    view.setUint16(at + 10, record.errno ?? 0, true);
    view.setFloat64(at + 16, record.sentUs, true);
    view.setFloat64(at + 24, record.networkRttNs ?? 1000, true);
    view.setFloat64(at + 32, record.proberDelayNs ?? 2000, true);
    view.setFloat64(at + 40, record.responderDelayNs ?? 3000, true);
    view.setFloat64(at + 48, record.programRttNs ?? 6000, true);
    const { tcp } = record;
    if (tcp === undefined) return;
    view.setFloat64(at + 40, tcp.exchangeNs ?? Number.NaN, true);
    view.setUint8(at + 56, tcp.synRetransmits ?? 0);
    view.setUint8(at + 57, tcp.exchangeRetransmits ?? 0);
    view.setUint16(at + 58, tcp.httpStatus ?? 0, true);
    view.setUint16(at + 60, tcp.sourcePort ?? 0, true);
    view.setUint8(at + 62, tcp.refused === true ? 1 : 0);
    view.setUint8(at + 63, EXCHANGE_NAMES.indexOf(tcp.exchange ?? 'none'));
  });
  return new Slice(buffer);
}
