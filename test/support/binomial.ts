/** What share a fair draw may show: the normal approximation of the binomial, good from dozens of draws on. */

export const Z_95 = 1.96;
/** 99.99 %: a correct program fails a test of it once in ten thousand runs. */
export const Z_9999 = 3.891;

/** The interval around `share` in which `draws` draws fall with the confidence that `z` stands for. */
export function interval(share: number, draws: number, z: number): { low: number; high: number } {
  const margin = z * Math.sqrt((share * (1 - share)) / draws);
  return { low: share - margin, high: share + margin };
}
