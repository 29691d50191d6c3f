/**
 * What one probe costs the network, in bytes of IP packets (link layers add their own), with its answers. Assumed is a
 * probe that succeeds between two weft agents without authentication; docs/policies.md has the same as a table.
 */

import type { Transport } from '../../target.js';

const IP_HEADER = { 4: 20, 6: 40 } as const;
const UDP_HEADER = 8;

/** docs/stamp.md: the sender's packet (44), TLV 7 (20) and TLV 241 (116), whose value the answer leaves out. */
const STAMP_PROBE = 180;
const STAMP_UNANSWERED = 112;
const STAMP_FOLLOW_UP = 64;
const STAMP_PACKETS = 3;

/** SYN and SYN-ACK with all options of Linux; every segment later carries timestamps. */
const TCP_SYN = 40;
const TCP_SEGMENT = 32;

/** RoCE v2: BTH 12, DETH 8, ICRC 4. The three messages (probe, two acknowledgements) have 40 bytes, whatever a list says. */
const ROCE_HEADERS = UDP_HEADER + 12 + 8 + 4;
const RDMA_MESSAGE = 40;
const RDMA_PACKETS = 3;

/** Of a probe with `payloadBytes` as the pinglist says, undefined = the transport's default. */
export function probeWireBytes(transport: Transport, family: 4 | 6, payloadBytes: number | undefined): number {
  const ip = IP_HEADER[family];
  switch (transport) {
    case 'udp': {
      const probe = Math.max(STAMP_PROBE, payloadBytes ?? 0);
      return probe + (probe - STAMP_UNANSWERED) + STAMP_FOLLOW_UP + STAMP_PACKETS * (ip + UDP_HEADER);
    }
    case 'tcp':
      return tcpBytes(ip, payloadBytes ?? 0);
    case 'rdma-ud':
      return RDMA_PACKETS * (ip + ROCE_HEADERS + RDMA_MESSAGE);
  }
}

/** SYN, SYN-ACK, ACK and RST; a payload goes there and back in one segment each, which both ends acknowledge. */
function tcpBytes(ip: number, payloadBytes: number): number {
  const connection = 2 * (ip + TCP_SYN) + 2 * (ip + TCP_SEGMENT);
  return payloadBytes === 0 ? connection : connection + 2 * payloadBytes + 4 * (ip + TCP_SEGMENT);
}
