/** What tests of the pages of pairs and hosts begin with: a browser, and a server that has the mesh of detail-mesh.ts. */

import { after, before } from 'node:test';
import { TestBrowser } from '../support/browser.js';
import { type EndOf, fillDetailMesh } from './detail-mesh.js';
import { MeshServer } from './mesh-server.js';

/** To be made in the body of a `describe`; both run while its tests do. */
export class DetailSite {
  readonly server = new MeshServer();
  readonly browser = new TestBrowser();
  #endOf: EndOf | undefined;

  constructor() {
    before(async () => {
      await Promise.all([this.server.start(), this.browser.start()]);
      this.#endOf = await fillDetailMesh(this.server);
    });
    after(async () => {
      await Promise.all([this.server.stop(), this.browser.stop()]);
    });
  }

  readonly endOf: EndOf = (back) => {
    if (this.#endOf === undefined) throw new Error('the mesh is there in tests only');
    return this.#endOf(back);
  };
}
