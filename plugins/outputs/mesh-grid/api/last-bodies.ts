/** Bodies of grids: most who ask want what somebody was answered just before. */

import type { View } from '../../../common/grid/store/views.js';

interface LastBody {
  readonly form: string;
  readonly body: Promise<Buffer>;
}

export class LastBodies {
  /** As long as its view is kept. */
  readonly #bodies = new WeakMap<View, LastBody>();

  /** The body of a view in one form; the last form of each view is kept, and made once for all who ask meanwhile. */
  async get(view: View, form: string, make: () => Promise<Buffer>): Promise<Buffer> {
    const known = this.#bodies.get(view);
    if (known?.form === form) return await known.body;
    const last = { form, body: make() };
    this.#bodies.set(view, last);
    return await last.body;
  }
}
