/**
 * 5 000 TCP targets, a probe a second each, while the list changes as it does in an hour: every change takes some targets
 * away and brings others, as fast as the engine takes lists. Judged by the kernel's tables: no descriptor and no port
 * stays behind, and nothing waits in TIME_WAIT.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createTcpProber, createTcpReflector, type EngineTarget, port, setTargets, stats } from '../../native/index.js';
import { engineTarget } from '../support/engine.js';
import { startPump } from '../support/engine-pump.js';
import { freePort } from '../support/free-port.js';
import { startFullListener } from '../support/full-listener.js';

const TARGETS = 5000;
/** A list a second for an hour. */
const CHANGES = 3600;
/** Targets that leave, and that come, with each list: so few that each is probed several times. */
const TURNOVER = 5;
const MAX_CONNECTIONS = 4000;
const STATES = { established: '01', timeWait: '06' } as const;
/** What the process needs beside its connections: the engines' own descriptors, and room for those of Node. */
const OTHER_DESCRIPTORS = 50;

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** Sockets of this host whose remote port is `remotePort`, by state. */
function socketsTowards(remotePort: number, state: keyof typeof STATES): number {
  const remote = `:${remotePort.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , to, is]) => to?.endsWith(remote) === true && is === STATES[state]).length;
}

describe('TCP prober under churn', () => {
  it('keeps no descriptor, port or waiting connection of 23 000 targets', { timeout: 300_000 }, async (t) => {
    const before = descriptors();
    const silent = await startFullListener();
    const reflector = createTcpReflector({
      address: '0.0.0.0',
      // Not one that the system gives: what others left in TIME_WAIT would be taken for the prober's.
      port: await freePort(),
      allowedPrefixes: [],
      rateLimit: 0,
      maxConnections: 1000,
    });
    const answering = startPump(reflector);
    const open = port(reflector);
    const prober = createTcpProber({ sourceAddress4: '', sourceAddress6: '', maxConnections: MAX_CONNECTIONS });
    const probing = startPump(prober);

    let next = 1;
    // One in fifty is silent, one in ten exchanges a payload, one in ten has paths.
    const newTarget = (): EngineTarget => {
      const id = next++;
      const kind = id % 50;
      return engineTarget(kind === 0 ? silent.port : open, {
        id,
        // All of 127/8 is this host: no two targets share a 5-tuple.
        address: kind === 0 ? '127.0.0.1' : `127.1.${(id >> 8) % 256}.${id % 256}`,
        intervalUs: 1_000_000,
        timeoutUs: 500_000,
        ttl: 64,
        payloadBytes: kind % 10 === 1 ? 1000 : 0,
        paths: kind % 10 === 2 ? 8 : 1,
      });
    };
    let targets = Array.from({ length: TARGETS }, newTarget);
    let mostDescriptors = 0;
    for (let change = 0; change < CHANGES; change += 1) {
      setTargets(prober, targets);
      targets = [...targets.slice(TURNOVER), ...Array.from({ length: TURNOVER }, newTarget)];
      await probing.nextSlice();
      if (change % 100 === 0) mostDescriptors = Math.max(mostDescriptors, descriptors());
    }
    setTargets(prober, targets.slice(0, TARGETS));
    const { sent, success, timeout, send_error: sendError, shed } = stats(prober);
    const waiting = socketsTowards(open, 'timeWait');
    t.diagnostic(
      `${sent} probes to ${next - 1} targets: ${success} success, ${timeout} timeout, ${sendError} send_error; ` +
        `at most ${mostDescriptors} descriptors; ${waiting} connections in TIME_WAIT`,
    );
    assert.ok(sent! > TARGETS && success! > 0 && timeout! > 0);
    assert.deepEqual([shed, sendError], [0, 0]);
    assert.equal(waiting, 0);
    assert.ok(mostDescriptors <= before + MAX_CONNECTIONS + OTHER_DESCRIPTORS);

    setTargets(prober, []);
    await probing.until(() => stats(prober).outstanding === 0);
    assert.equal(socketsTowards(open, 'established'), 0, 'no connection outlives its probe');
    await probing.stop();
    await answering.stop();
    await silent.close();
    while (descriptors() > before) await nextTurn();
  });
});
