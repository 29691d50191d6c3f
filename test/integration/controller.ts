/** A real controller (`weft controller`) that can be killed and started again where it was. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../support/free-port.js';
import { tempFolder } from '../support/temp-folder.js';
import { WAIT_LIMIT_MS } from '../support/wait-for.js';
import { WeftProcess } from '../support/weft-process.js';

/** An agent as `GET /v1/agents` has it. */
interface AgentItem {
  readonly id: string;
  readonly state: 'active' | 'stale';
}

export interface ListAnswer {
  readonly revision: string;
  readonly targets: readonly { readonly dst: string; readonly transport: string }[];
}

export class TestController {
  readonly #configFile: string;
  #process: WeftProcess;
  #url = '';

  private constructor(configFile: string, process: WeftProcess) {
    this.#configFile = configFile;
    this.#process = process;
  }

  /** Starts one with these options on a free port, which it keeps; `store` is a file in a folder of the test's unless given. */
  static async start(t: TestContext, options: object): Promise<TestController> {
    let controller: TestController | undefined;
    // Before the folder goes, which it writes to.
    t.after(() => controller?.kill());
    const folder = await tempFolder(t);
    const configFile = join(folder, 'controller.yaml');
    const store = { type: 'memory', snapshot: join(folder, 'registry') };
    const listen = `127.0.0.1:${await freePort()}`;
    await writeFile(configFile, JSON.stringify({ controller: { store, ...options, listen } }));
    const process = run(configFile);
    controller = new TestController(configFile, process);
    controller.#url = await serving(process);
    return controller;
  }

  /** Of the API, without a trailing slash. */
  get url(): string {
    return this.#url;
  }

  /** Ends it as a crash would. */
  kill(): Promise<void> {
    return this.#process.destroy();
  }

  /** Starts it again after `kill`, where it was; resolves when it serves. */
  async restart(): Promise<void> {
    this.#process = run(this.#configFile);
    await serving(this.#process);
  }

  /** Ids of all agents registered, sorted. */
  async ids(): Promise<string[]> {
    const { agents } = JSON.parse(await this.#get('v1/agents?limit=1000')) as { readonly agents: readonly AgentItem[] };
    return agents.map(({ id }) => id);
  }

  async list(id: string): Promise<ListAnswer> {
    return JSON.parse(await this.listText(id)) as ListAnswer;
  }

  /** As it is sent. */
  listText(id: string): Promise<string> {
    return this.#get(`v1/agents/${id}/pinglist`);
  }

  async #get(path: string): Promise<string> {
    const answer = await fetch(`${this.url}/${path}`, { signal: AbortSignal.timeout(WAIT_LIMIT_MS) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text;
  }
}

function run(configFile: string): WeftProcess {
  return new WeftProcess(['controller', '-c', configFile]);
}

/** The URL, once it serves. */
function serving(process: WeftProcess): Promise<string> {
  return process.until('it served', ({ stderr }) => /"url":"([^"]+)".*"msg":"the controller serves"/.exec(stderr)?.[1]);
}
