/** Addresses of 127.0.0.0/8 that stand for hosts; bench/c/udp_loop.c uses the same ones. */

const HOSTS_A_NET = 250;

/** The `n`-th host, n from 0: 127.1.0.1, 127.1.0.2, … */
export function loopbackAddress(n: number): string {
  return `127.1.${Math.floor(n / HOSTS_A_NET)}.${(n % HOSTS_A_NET) + 1}`;
}
