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

/** Frames that netem has let through and dropped since it was set. */
export async function netemCounts(guest: Guest): Promise<{ readonly sent: number; readonly dropped: number }> {
  const text = await guest.exec(`tc -s -j qdisc show dev ${guest.device}`);
  const [root] = JSON.parse(text) as { readonly packets: number; readonly drops: number }[];
  if (root === undefined) throw new Error(`${guest.name}: no queueing discipline on ${guest.device}`);
  return { sent: root.packets, dropped: root.drops };
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
