/** One line of the bench's table, and what a suite is. */

export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same figure of what cannot be beaten: the raw C loop. */
  readonly limit?: number;
  /** value / limit, or the ratio that the row is about. */
  readonly ratio?: number;
  /** The budget of the design in words, such as `≤ 1.5 × limit`. */
  readonly budget?: string;
  /** Whether the budget is met; left out where there is none. */
  readonly ok?: boolean;
}

export interface BenchOptions {
  /** Short runs that only show that everything works: figures are noisy. */
  readonly quick: boolean;
  /** Length of the long run of the agent, minutes; 0 = none. */
  readonly soakMinutes: number;
}

export interface Suite {
  run(options: BenchOptions): Promise<BenchRow[]>;
}
