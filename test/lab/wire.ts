/** What tests do to a guest's end of the wire, and to its RDMA device. */

import type { Guest } from './guest.js';

/**
 * Lets netem treat all that the guest sends over the wire, ARP included: `loss 10%`, `delay 5ms`, … (tc-netem(8)); null
 * ends it. Counts start anew.
 */
export async function netem(guest: Guest, fault: string | null): Promise<void> {
  const plain = `tc qdisc replace dev ${guest.device} root pfifo`;
  await guest.exec(fault === null ? plain : `${plain} && tc qdisc replace dev ${guest.device} root netem ${fault}`);
}

/** Of weft's messages that travel from a guest, those that netem is to treat: the probes to a queue pair, or all of a kind of answer. */
export type Messages = { readonly probesTo: number } | { readonly ack: 1 | 2 };

/** Where RoCE v2 over IPv4 has them: after 20 bytes of IP and 8 of UDP come the BTH, the DETH, the payload. */
const BTH_QPN_WORD = 32;
const PAYLOAD = 48;
/** Version 1, type 1: the first two bytes; the third says which answer. */
const ANSWER = 0x01_01_00_00;

/** Gives the guest the queue that `netemOnMessages` needs. Before there is traffic: what the old queue holds goes with it. */
export async function prepareNetemOnMessages(guest: Guest): Promise<void> {
  const allInTheFirst = 'bands 2 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0';
  await guest.exec(`tc qdisc replace dev ${guest.device} root handle 1: prio ${allInTheFirst}`);
}

/** As `netem`, for some RDMA messages only: all other traffic goes on, and none is lost by the change. */
export async function netemOnMessages(guest: Guest, messages: Messages, fault: string): Promise<void> {
  const match =
    'probesTo' in messages
      ? `match u32 ${messages.probesTo} 0x00ffffff at ${BTH_QPN_WORD}`
      : `match u32 ${ANSWER | (messages.ack << 8)} 0xffffff00 at ${PAYLOAD}`;
  const roce = 'match ip protocol 17 0xff match ip dport 4791 0xffff';
  await guest.exec(
    `tc qdisc add dev ${guest.device} parent 1:2 netem ${fault} &&
    tc filter add dev ${guest.device} parent 1: protocol ip u32 ${roce} ${match} flowid 1:2`,
  );
}

/** Ends it, and returns what it has counted. */
export async function endNetemOnMessages(guest: Guest): Promise<FrameCounts> {
  await guest.exec(`tc filter delete dev ${guest.device} parent 1:`);
  // What is delayed still leaves.
  await guest.exec(
    `until tc -s qdisc show dev ${guest.device} parent 1:2 | grep -q 'backlog 0b 0p'; do sleep 0.02; done`,
  );
  const counts = await netemCounts(guest);
  await guest.exec(`tc qdisc delete dev ${guest.device} parent 1:2`);
  return counts;
}

export interface FrameCounts {
  readonly sent: number;
  readonly dropped: number;
}

/** Frames that netem has let through and dropped since it was set. */
export async function netemCounts(guest: Guest): Promise<FrameCounts> {
  const text = await guest.exec(`tc -s -j qdisc show dev ${guest.device}`);
  const all = JSON.parse(text) as { readonly kind: string; readonly packets: number; readonly drops: number }[];
  const found = all.find(({ kind }) => kind === 'netem');
  if (found === undefined) throw new Error(`${guest.name}: no netem on ${guest.device}`);
  return { sent: found.packets, dropped: found.drops };
}

/** Takes the interface down or up; up means that RDMA works again too. */
export async function setLink(guest: Guest, state: 'up' | 'down'): Promise<void> {
  await guest.exec(`ip link set ${guest.device} ${state}`);
  if (state === 'up') await waitForRdma(guest);
}

/** The RDMA device is gone, as if it had been pulled. */
export async function removeRdma(guest: Guest): Promise<void> {
  await guest.exec(`rdma link delete ${guest.rdmaDevice}`);
}

export async function addRdma(guest: Guest): Promise<void> {
  await guest.exec(`rdma link add ${guest.rdmaDevice} type rxe netdev ${guest.device}`);
  await waitForRdma(guest);
}

/** Gives the guest another IPv4 address (of 10.0.0.0/24) in place of those it has; its GID follows. */
export async function setAddress(guest: Guest, address: string): Promise<void> {
  await guest.exec(`ip -4 address flush dev ${guest.device} && ip address add ${address}/24 dev ${guest.device}`);
  await waitForRdma(guest, address);
}

/** Resolves when the port is active and has the RoCE v2 GID of the address. */
async function waitForRdma(guest: Guest, address = guest.address): Promise<void> {
  const port = `/sys/class/infiniband/${guest.rdmaDevice}/ports/1`;
  const ready = `grep -qs ACTIVE ${port}/state && grep -qs ${mappedGid(address)} ${port}/gids/[0-7]`;
  await guest.exec(`until ${ready}; do sleep 0.02; done`);
}

/** The GID of an IPv4 address (IPv4-mapped, RFC 4291 section 2.5.5.2) as sysfs writes it. */
export function mappedGid(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `0000:0000:0000:0000:0000:ffff:${bytes.slice(0, 2).join('')}:${bytes.slice(2).join('')}`;
}
