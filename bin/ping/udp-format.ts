/** What `weft ping udp` prints of each answer: the three delays, and what they were measured with. */

import type { UdpDelays } from '../../plugins/inputs/udp/ping.js';
import { DelayTally } from './delay-tally.js';
import { formatFailure, formatSignedNs, type PingFormat } from './report.js';

export const UDP_FORMAT: PingFormat<UdpDelays | undefined> = {
  transport: 'udp',
  columns: [
    ['network_rtt', 13],
    ['prober_delay', 14],
    ['responder_delay', 17],
    ['clock', 10],
    ['t4', 11],
  ],
  row(reply) {
    const { result, reading } = reply;
    if (reading === undefined) return { cells: [], remark: formatFailure(reply) };
    const { networkRttNs, proberDelayNs, responderDelayNs, clock, t4 } = reading;
    const delays = [networkRttNs, proberDelayNs, responderDelayNs].map(formatSignedNs);
    return { cells: [...delays, clock, t4], remark: result === 'success' ? '' : result };
  },
  json({ reading }) {
    if (reading === undefined) return {};
    return {
      network_rtt: reading.networkRttNs,
      prober_delay: reading.proberDelayNs,
      responder_delay: reading.responderDelayNs,
      program_rtt: reading.programRttNs,
      clock: reading.clock,
      t4: reading.t4,
      ttl: reading.ttl,
    };
  },
  newTally: () => new DelayTally(),
};
