/** What tests of agents on two hosts (network namespaces) share: the hosts, and agents that end with their test. */

import { after, afterEach, before } from 'node:test';
import { addAddresses, createNet, type Host, type Net } from '../support/netns.js';
import { type AgentPlan, TestAgent } from './agent.js';

const FURTHER_ADDRESSES = 10;

/** To be made in the body of a `describe`; the hosts are there in its tests. */
export class TwoHosts {
  #net: Net | undefined;
  #addresses: readonly string[] = [];
  readonly #agents: TestAgent[] = [];

  constructor() {
    before(() => {
      this.#net = createNet();
      this.#addresses = addAddresses(this.reflector, FURTHER_ADDRESSES);
    });
    after(() => this.#net?.close());
    afterEach(async () => {
      await Promise.all(this.#agents.splice(0).map((agent) => agent.stop()));
    });
  }

  get prober(): Host {
    return this.#hosts[0];
  }

  get reflector(): Host {
    return this.#hosts[1];
  }

  /** Of the reflector, as if it were several hosts. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  async start(plan: AgentPlan, host: Host): Promise<TestAgent> {
    const agent = await TestAgent.start(plan, host);
    this.#agents.push(agent);
    return agent;
  }

  get #hosts(): Net['hosts'] {
    if (this.#net === undefined) throw new Error('the hosts are there in tests only');
    return this.#net.hosts;
  }
}
