/** What a program without the kernel's help sees: the time until Node's `net.connect` calls back. A JSON list of ns. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 10;
const [host = '', port, count] = process.argv.slice(2);

const times: number[] = [];
for (let i = 0; i < Number(count); i += 1) {
  const begun = process.hrtime.bigint();
  const socket = connect({ host, port: Number(port), autoSelectFamily: false });
  await once(socket, 'connect');
  times.push(Number(process.hrtime.bigint() - begun));
  socket.resetAndDestroy();
  await pause(PAUSE_MS);
}
process.stdout.write(JSON.stringify(times));
