/** What the demo's controller knows of the agents: asked through its API on an interval, as anybody could. */

import type { AgentState } from '../../controller/agent-entry.js';

/** `forgotten`: was there before. */
export type Registration = AgentState | 'forgotten';

/** More agents than a demo has. */
const AGENTS_ASKED = 1000;

interface AgentPage {
  readonly agents: readonly { readonly id: string; readonly state: AgentState }[];
}

export class RegistryWatch {
  readonly #url: string;
  readonly #intervalMs: number;
  readonly #seen = new Set<string>();
  /** By id; undefined while the controller does not answer. */
  #agents: ReadonlyMap<string, AgentState> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `url`: of the API, without a trailing slash. */
  constructor(url: string, intervalMs: number) {
    this.#url = `${url}/v1/agents?limit=${AGENTS_ASKED}`;
    this.#intervalMs = intervalMs;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#ask(), this.#intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether the controller answered when it was last asked. */
  get answers(): boolean {
    return this.#agents !== undefined;
  }

  /** As the controller last said; undefined while it does not answer, and before the first registration. */
  registration(id: string): Registration | undefined {
    if (this.#agents === undefined) return undefined;
    return this.#agents.get(id) ?? (this.#seen.has(id) ? 'forgotten' : undefined);
  }

  async #ask(): Promise<void> {
    try {
      const answer = await fetch(this.#url, { signal: AbortSignal.timeout(this.#intervalMs) });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const { agents } = (await answer.json()) as AgentPage;
      for (const { id } of agents) this.#seen.add(id);
      this.#agents = new Map(agents.map(({ id, state }) => [id, state]));
    } catch {
      // It is away, hangs or starts: all that matters here is that it gave no answer.
      this.#agents = undefined;
    }
  }
}
