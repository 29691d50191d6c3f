/** What the grid page asks of the server: the windows there are, and the grid of one. */

import type { ApiClient } from '../api/client.js';
import type { TransportWindows, Windows } from '../api/types.js';
import type { Grid } from '../api/wire-grid.js';
import type { Selection } from '../route.js';
import { defaultLevel } from './scopes.js';

export interface Loaded {
  readonly grid: Grid;
  readonly windows: Windows;
}

/** What the selection leaves open is chosen here: the level by the size of the mesh. */
export async function loadGrid(api: ApiClient, selection: Selection, signal: AbortSignal): Promise<Loaded> {
  const asked = api.windows(signal);
  // Both at once when nothing depends on the answer.
  const level = selection.level ?? defaultLevel((await asked).store.hosts);
  const [windows, grid] = await Promise.all([asked, api.grid({ ...selection, level }, signal)]);
  return { windows, grid };
}

export function windowsOf({ windows, grid }: Loaded): TransportWindows | undefined {
  return windows.transports.find(({ transport }) => transport === grid.transport);
}
