import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import type { Guest } from './guest.js';
import type { GuestProcess } from './guest-process.js';
import { SharedLab, startLab } from './lab.js';
import { sendLatency } from './perftest.js';
import { labUnavailable } from './unavailable.js';
import { addRdma, mappedGid, netem, netemCounts, removeRdma, setAddress, setLink } from './wire.js';

/** Whether a ping is answered. */
async function reaches(from: Guest, address: string): Promise<boolean> {
  return (await from.run(`busybox ping -c 1 -W 10 ${address}`)).code === 0;
}

/** Whether none of some pings is answered. */
async function missesAlways(from: Guest, address: string): Promise<boolean> {
  return (await from.run(`busybox ping -c 5 -i 0.1 -W 1 ${address}`)).code !== 0;
}

const gids = (guest: Guest): Promise<string> =>
  guest.exec(`cat /sys/class/infiniband/${guest.rdmaDevice}/ports/1/gids/[0-7]`);

describe('two guests', { skip: labUnavailable() ?? false }, () => {
  const lab = new SharedLab({ hosts: 2 });
  let server: GuestProcess | undefined;

  before(() => {
    lab.guests[0].start('exec tail -f /dev/null');
  });

  it('are up with an active RDMA device each, whose GID is their address', async () => {
    for (const guest of lab.guests) {
      const said = await guest.exec(`ibv_devinfo -d ${guest.rdmaDevice} -v`);
      assert.match(said, /state:\s+PORT_ACTIVE/);
      assert.match(said, new RegExp(`GID\\[\\s*1\\]:\\s+::ffff:${guest.address}, RoCE v2`));
    }
  });

  it('exchange datagrams over RDMA, which ib_send_lat times', async (t) => {
    const [a, b] = lab.guests;
    for (const events of [false, true]) {
      const latency = await sendLatency(a, b, { iterations: 300, events });
      t.diagnostic(`${events ? 'asleep' : 'spinning'}: ${JSON.stringify(latency)}`);
      const { iterations, minNs, medianNs, p99Ns, maxNs } = latency;
      assert.equal(iterations, 300);
      assert.ok(0 < minNs && minNs <= medianNs && medianNs <= p99Ns && p99Ns <= maxNs, JSON.stringify(latency));
    }
  });

  it('lose what netem drops, and no more', async () => {
    const [a, b] = lab.guests;
    assert.ok(await reaches(a, b.address));
    await netem(b, 'loss 100%');
    assert.ok(await missesAlways(a, b.address));
    const { sent, dropped } = await netemCounts(b);
    assert.equal(sent, 0);
    assert.ok(dropped >= 1, 'the answers to the pings were dropped');
    await netem(b, null);
    assert.ok(await reaches(a, b.address));
  });

  it('lose a link, an RDMA device or an address, and get it back', async () => {
    const [a, b] = lab.guests;
    await setLink(b, 'down');
    assert.ok(await missesAlways(a, b.address));
    await setLink(b, 'up');
    assert.ok(await reaches(a, b.address));
    await removeRdma(b);
    assert.doesNotMatch(await b.exec('ibv_devices'), /rxe0/);
    await addRdma(b);
    await setAddress(b, '10.0.0.77');
    assert.ok(await reaches(a, '10.0.0.77'));
    assert.ok((await gids(b)).includes(mappedGid('10.0.0.77')));
    assert.ok(!(await gids(b)).includes(mappedGid(b.address)));
    await setAddress(b, b.address);
    assert.ok((await gids(b)).includes(mappedGid(b.address)));
  });

  it('run commands: outputs apart, input, exit codes, signals, limits', async () => {
    const [guest] = lab.guests;
    assert.deepEqual(await guest.run('cat; echo sorry >&2; exit 3', { input: 'grüß\n' }), {
      ...{ code: 3, signal: null, stdout: 'grüß\n', stderr: 'sorry\n' },
    });
    await assert.rejects(guest.exec('echo what; false'), /host1: echo what; false: exit 1\nwhat/);
    await assert.rejects(guest.run('sleep 600', { timeoutMs: 500 }), /host1: not done in 500 ms: sleep 600/);
    assert.equal(await guest.exec('pgrep -x sleep || echo none'), 'none\n');
    const large = await guest.run('head -c 3000000 /dev/zero | tr "\\0" x; exit 0');
    assert.equal(large.stdout.length, 3_000_000);
  });

  it('run processes that the test watches, stops and ends', async () => {
    const [guest] = lab.guests;
    const child = guest.start('trap "echo ended; exit 5" TERM; echo "pid $$"; while true; do sleep 0.05; done');
    const pid = await child.until('it said its pid', ({ stdout }) => /^pid (\d+)$/m.exec(stdout)?.[1]);
    const state = async (): Promise<string> => (await guest.exec(`ps -o s= -p ${pid}`)).trim();
    child.kill('SIGSTOP');
    await guest.exec(`until [ "$(ps -o s= -p ${pid})" = T ]; do sleep 0.02; done`);
    child.kill('SIGCONT');
    assert.notEqual(await state(), 'T');
    child.kill('SIGTERM');
    const { code, stdout } = await child.exit;
    assert.deepEqual({ code, stdout }, { code: 5, stdout: `pid ${pid}\nended\n` });
    await assert.rejects(
      child.until('it spoke again', () => false),
      /ended before it spoke again/,
    );
    const other = guest.start('exec sleep 600');
    other.kill('SIGKILL');
    assert.equal((await other.exit).signal, 'SIGKILL');
  });

  it('see the files of this machine and write their own over them', async () => {
    const [a, b] = lab.guests;
    const path = new URL(import.meta.url).pathname;
    assert.equal(await a.exec(`cat '${path}'`), readFileSync(path, 'utf8'));
    await a.write(path, "it's another\n");
    assert.equal(await a.exec(`cat '${path}'`), "it's another\n");
    assert.equal(await b.exec(`cat '${path}'`), readFileSync(path, 'utf8'));
    await a.write('/new folder/file', 'x');
    assert.equal(await a.exec("cat '/new folder/file'"), 'x');
  });

  it('are reached over HTTP from this machine', async () => {
    const [, guest] = lab.guests;
    await guest.write('/srv/index.html', 'served');
    server = guest.start('exec busybox httpd -f -p 8080 -h /srv 2>&1');
    await guest.exec("until ss -Hltn 'sport = :8080' | grep -q LISTEN; do sleep 0.02; done");
    assert.equal(await (await guest.fetch(8080, '/index.html')).text(), 'served');
  });

  it('keep what `before` has started, and end what a test has', async () => {
    const [guest, other] = lab.guests;
    await assert.rejects(server!.exit, /destroyed/);
    assert.equal(await other.exec('pgrep -x busybox || echo none'), 'none\n');
    assert.match(await guest.exec('pgrep -x tail'), /^\d+\n$/);
  });
});

describe('three guests', { skip: labUnavailable() ?? false }, () => {
  it('tell why when they do not come up', async () => {
    const booting = startLab({ hosts: 3, kernelParameters: 'rdinit=/missing' });
    await assert.rejects(booting, /guest \d ended while it started\. Its console:[\s\S]*Kernel panic/);
  });
});
