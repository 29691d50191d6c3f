/** What the agents of a demo can probe with. */

import type { Transport } from '../../core/target.js';

export const DEMO_TRANSPORTS = ['udp', 'tcp'] as const satisfies readonly Transport[];
export type DemoTransport = (typeof DEMO_TRANSPORTS)[number];
