/** What `weft ping rdma-ud` prints of each answer: the three delays, and the clock they were measured with. */

import type { Delays } from '../../plugins/common/probing/delays.js';
import { DelayTally } from './delay-tally.js';
import { formatFailure, formatSignedNs, type PingFormat } from './report.js';

export const RDMA_FORMAT: PingFormat<Delays | undefined> = {
  transport: 'rdma-ud',
  columns: [
    ['network_rtt', 13],
    ['prober_delay', 14],
    ['responder_delay', 17],
    ['clock', 10],
  ],
  row(reply) {
    const { result, reading } = reply;
    if (reading === undefined) return { cells: [], remark: formatFailure(reply) };
    const { networkRttNs, proberDelayNs, responderDelayNs, clock } = reading;
    const delays = [networkRttNs, proberDelayNs, responderDelayNs].map(cell);
    return { cells: [...delays, clock], remark: result === 'success' ? '' : result };
  },
  json({ reading }) {
    if (reading === undefined) return {};
    return {
      network_rtt: orNull(reading.networkRttNs),
      prober_delay: orNull(reading.proberDelayNs),
      responder_delay: orNull(reading.responderDelayNs),
      program_rtt: orNull(reading.programRttNs),
      clock: reading.clock,
    };
  },
  newTally: () => new DelayTally(),
};

function cell(ns: number): string {
  return Number.isNaN(ns) ? '-' : formatSignedNs(ns);
}

function orNull(ns: number): number | null {
  return Number.isNaN(ns) ? null : ns;
}
