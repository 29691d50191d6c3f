import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Level } from '../../../../../plugins/common/grid/store/hosts.js';
import type { Pattern } from '../../../../../plugins/common/grid/store/patterns.js';
import { type View, Views } from '../../../../../plugins/common/grid/store/views.js';
import { at, fill, probe, storeOf } from './probes.js';

const LIMITS = { badLoss: 0.05, badNs: 5_000_000, share: 0.8 };
const GOOD = 30_000;
const SLOW = 9_000_000;

type Outcome = 'good' | 'slow' | 'lossy' | 'dead' | 'none';

/** Two DCs of three pods of two ToRs of two hosts: `dc1-p2-t1-h2`. */
const hosts = [1, 2].flatMap((dc) =>
  [1, 2, 3].flatMap((pod) => [1, 2].flatMap((tor) => [1, 2].map((host) => `dc${dc}-p${pod}-t${tor}-h${host}`))),
);
const [PODS, TORS] = [7, 10];
const placeOf = (end: 'src' | 'dst', host: string) => {
  const [dc = '', pod = '', tor = ''] = host.split('-');
  return at(end, dc, pod, tor);
};

async function patterns(
  level: Level,
  outcomeOf: (src: string, dst: string) => Outcome,
  within = hosts,
): Promise<readonly Pattern[]> {
  const store = storeOf();
  // The window before was all good, so that everybody is known.
  for (const [window, outcome] of [
    [0, () => 'good' as const],
    [1, outcomeOf],
  ] as const) {
    for (const src of within) {
      for (const dst of within) {
        const result = src === dst ? 'none' : outcome(src, dst);
        if (result === 'none') continue;
        const networkNs = result === 'dead' ? [] : Array(20).fill(result === 'slow' ? SLOW : GOOD);
        const timeout = result === 'dead' ? 20 : result === 'lossy' ? 2 : 0;
        fill(store, [
          probe({ src, dst, window, networkNs, timeout, tags: { ...placeOf('src', src), ...placeOf('dst', dst) } }),
        ]);
      }
    }
  }
  const startMs = store.mesh('udp')?.windows[1]?.startMs;
  const query = { transport: 'udp', startMs, level, delay: 'network_rtt', srcIn: undefined, dstIn: undefined } as const;
  const view = (await new Views(store, () => LIMITS).get(query, 0)) as View;
  return view.patterns;
}

async function seen(...where: Parameters<typeof patterns>): Promise<string[]> {
  return (await patterns(...where)).map(({ pattern, name }) => `${pattern} ${name}`);
}

/** `column loss`: where they stand, and what shows them. */
async function looks(...where: Parameters<typeof patterns>): Promise<string[]> {
  return (await patterns(...where)).map(({ shape, figure }) => `${shape} ${figure}`);
}

const pod = (host: string): string => host.slice(0, PODS - 1);
const tor = (host: string): string => host.slice(0, TORS - 1);

test('a mesh in order says nothing, at no level', async () => {
  for (const level of ['host', 'tor', 'pod', 'dc'] as const) assert.deepEqual(await seen(level, () => 'good'), []);
});

test('a host that is silent and answers nobody is down, whether others still probe it or not', async () => {
  const dead = 'dc1-p1-t1-h1';
  for (const column of ['dead', 'none'] as const) {
    const outcome = (src: string, dst: string): Outcome => (src === dead ? 'none' : dst === dead ? column : 'good');
    assert.deepEqual(await seen('host', outcome), [`host_down ${dead}`]);
    assert.deepEqual(await seen('tor', outcome), [], 'its ToR works');
  }
});

test('of two hosts the one that is silent is down, not the one that reports it', async () => {
  const pair = hosts.slice(0, 2);
  assert.deepEqual(await seen('host', (src) => (src === pair[0] ? 'none' : 'dead'), pair), [`host_down ${pair[0]}`]);
});

test('a host whose probes all fail is down, though it reports them', async () => {
  const cut = 'dc1-p2-t1-h1';
  const outcome = (src: string, dst: string): Outcome => (src === cut || dst === cut ? 'dead' : 'good');
  assert.deepEqual(await seen('host', outcome), [`host_down ${cut}`]);
  assert.deepEqual(await looks('host', outcome), ['cross any']);
});

test('white crosses: a ToR, a pod', async () => {
  const without =
    (isDown: (host: string) => boolean) =>
    (src: string, dst: string): Outcome =>
      isDown(src) ? 'none' : isDown(dst) ? 'dead' : 'good';
  assert.deepEqual(
    await seen(
      'tor',
      without((host) => tor(host) === 'dc1-p1-t2'),
    ),
    ['tor_down dc1/p1/t2'],
  );
  const podDown = without((host) => pod(host) === 'dc1-p3');
  assert.deepEqual(await seen('pod', podDown), ['pod_down dc1/p3']);
  assert.deepEqual(await seen('dc', podDown), []);
});

test('a red cross: the leaves of a pod, by latency or by loss', async () => {
  for (const outcome of ['slow', 'lossy', 'dead'] as const) {
    const bad = (src: string, dst: string): Outcome =>
      (pod(src) === 'dc1-p2') !== (pod(dst) === 'dc1-p2') && src.slice(0, 3) === dst.slice(0, 3) ? outcome : 'good';
    assert.deepEqual(await seen('pod', bad), ['leaf_trouble dc1/p2'], outcome);
  }
});

test('one bad pair is not a cross', async () => {
  const bad = (src: string, dst: string): Outcome => (`${src} ${dst}` === `${hosts[0]} ${hosts[5]}` ? 'dead' : 'good');
  for (const level of ['host', 'tor', 'pod'] as const) assert.deepEqual(await seen(level, bad), []);
});

test('who is bad with one other may be either of the two; with two others it is the one they have in common', async () => {
  const [ill = '', ...others] = hosts;
  const withPeers =
    (outcome: Outcome, peers: readonly string[]) =>
    (src: string, dst: string): Outcome => {
      if (src !== ill && dst !== ill) return 'good';
      return peers.includes(src === ill ? dst : src) ? outcome : 'none';
    };
  for (const [outcome, pattern] of [
    ['slow', 'host_trouble'],
    ['dead', 'host_down'],
  ] as const) {
    assert.deepEqual(await seen('host', withPeers(outcome, others.slice(0, 1))), [], outcome);
    assert.deepEqual(await seen('host', withPeers(outcome, others.slice(0, 2))), [`${pattern} ${ill}`]);
  }
});

test('red with green blocks on the diagonal: the spine, at the level of pods and below', async () => {
  const bad = (src: string, dst: string): Outcome =>
    src.slice(0, 3) === 'dc1' && dst.slice(0, 3) === 'dc1' && pod(src) !== pod(dst) ? 'slow' : 'good';
  for (const level of ['pod', 'tor', 'host'] as const)
    assert.deepEqual(await seen(level, bad), ['spine_trouble dc1'], level);
  assert.deepEqual(await looks('pod', bad), ['blocks network_rtt']);
});

test('where everything is bad nobody is to blame', async () => {
  for (const level of ['host', 'tor', 'pod', 'dc'] as const) assert.deepEqual(await seen(level, () => 'slow'), []);
});

test('a host that answers badly and probes well is a red column, the other way round a red row', async () => {
  const ill = 'dc1-p1-t2-h2';
  for (const outcome of ['lossy', 'slow', 'dead'] as const) {
    assert.deepEqual(await seen('host', (_, dst) => (dst === ill ? outcome : 'good')), [`host_trouble ${ill}`]);
    assert.deepEqual(await seen('host', (src) => (src === ill ? outcome : 'good')), [`host_trouble ${ill}`]);
  }
  assert.deepEqual(await looks('host', (_, dst) => (dst === ill ? 'lossy' : 'good')), ['column loss']);
  assert.deepEqual(await looks('host', (src) => (src === ill ? 'slow' : 'good')), ['row network_rtt']);
  assert.deepEqual(await looks('host', (src) => (src === ill ? 'dead' : 'good')), ['row any']);
  assert.deepEqual(await looks('host', (src, dst) => (src === ill || dst === ill ? 'lossy' : 'good')), ['cross loss']);
  const most = (_: string, dst: string): Outcome => (dst.endsWith('h1') ? 'lossy' : 'good');
  assert.deepEqual(await seen('host', most), [], 'where half of all are bad it is none of them');
});
