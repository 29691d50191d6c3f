/** Reads the UDP packets of a capture file in libpcap format with nanosecond stamps (Ethernet, IPv4 and IPv6). */

export interface CapturedPacket {
  /** ns since the epoch, by the clock of the capturing kernel. */
  readonly timeNs: bigint;
  readonly source: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** The UDP payload, as far as it was captured. */
  readonly payload: Buffer;
}

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINK_ETHERNET = 1;
const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;
const ETHERNET_BYTES = 14;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const PROTOCOL_UDP = 17;

/** Throws on anything but a little-endian nanosecond Ethernet capture; a packet cut short at the end is left out. */
export function parsePcap(file: Buffer): CapturedPacket[] {
  if (file.readUInt32LE(0) !== MAGIC_NANOSECONDS) throw new Error('not a nanosecond pcap file of this byte order');
  if (file.readUInt32LE(20) !== LINK_ETHERNET) throw new Error(`link type ${file.readUInt32LE(20)} is not Ethernet`);
  const packets: CapturedPacket[] = [];
  for (let at = FILE_HEADER_BYTES; at + PACKET_HEADER_BYTES <= file.length; ) {
    const timeNs = BigInt(file.readUInt32LE(at)) * 1_000_000_000n + BigInt(file.readUInt32LE(at + 4));
    const start = at + PACKET_HEADER_BYTES;
    at = start + file.readUInt32LE(at + 8);
    if (at > file.length) break;
    const packet = parseFrame(file.subarray(start, at), timeNs);
    if (packet !== undefined) packets.push(packet);
  }
  return packets;
}

function parseFrame(frame: Buffer, timeNs: bigint): CapturedPacket | undefined {
  const type = frame.readUInt16BE(12);
  const ip = frame.subarray(ETHERNET_BYTES);
  if (type === ETHERTYPE_IPV4 && ip.readUInt8(9) === PROTOCOL_UDP) {
    return parseUdp(ip.subarray((ip.readUInt8(0) & 0x0f) * 4), timeNs, ip.subarray(12, 16));
  }
  if (type === ETHERTYPE_IPV6 && ip.readUInt8(6) === PROTOCOL_UDP) {
    return parseUdp(ip.subarray(IPV6_BYTES), timeNs, ip.subarray(8, 24));
  }
  return undefined;
}

function parseUdp(udp: Buffer, timeNs: bigint, source: Buffer): CapturedPacket {
  return {
    timeNs,
    source: source.toString('hex'),
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    payload: udp.subarray(UDP_BYTES, udp.readUInt16BE(4)),
  };
}
