/**
 * The dashboards of config/grafana: every query, as Grafana would send it, against a real Prometheus and a real InfluxDB
 * that hold what a real agent measured. One of its two targets loses every probe, on purpose.
 */

import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  type Dashboard,
  type Panel,
  type Query,
  queriesOf,
  readDashboard,
  variableQueriesOf,
} from '../support/grafana-dashboard.js';
import { hasInfluxdb, InfluxdbServer } from '../support/influxdb-server.js';
import { hasPrometheus, PrometheusServer, type Sample } from '../support/prometheus-server.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { WeftProcess } from '../support/weft-process.js';

const PROMETHEUS_FILE = 'weft-mesh-prometheus.json';
const INFLUXDB_FILE = 'weft-mesh-influxdb.json';
/** Grafana's own form of a variable, beside `$name`. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: no template
const DATASOURCE = '${datasource}';
/** More rates than one need more scrapes than two; Prometheus scrapes every second here. */
const RATE_INTERVAL = '5s';
/** All that Grafana puts in a place of `$name`; the variables of the dashboard as they are when it is opened. */
const OPENED = { transport: '.*', src: '.*', dst: '.*', row: 'src', column: 'dst' };
const BY_TOR = { ...OPENED, row: 'src_tor', column: 'dst_tor' };

interface LogLine {
  readonly msg: string;
  readonly port?: number;
  readonly url?: string;
}

interface Measured {
  readonly weft: WeftProcess;
  /** Of `weft_…`. */
  readonly prometheus: string;
  /** All that it has written so far, in whole lines of InfluxDB's protocol. */
  lines(): Promise<string>;
}

/** An agent with windows of a second that probes its own reflectors: host-b, and host-lost behind a fault. */
async function measuringAgent(t: TestContext): Promise<Measured> {
  let weft: WeftProcess | undefined;
  // Before the folder goes, which it writes to.
  t.after(() => weft?.destroy());
  const folder = await tempFolder(t);
  const [config, pinglist, out] = ['weft.yaml', 'pinglist.json', 'out.txt'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const labels = { dc: 'd1', pod: 'p1' };
  await writeFile(pinglist, JSON.stringify({ version: 1, targets: [] }));
  const inputs = {
    pinglist: [{ file: pinglist, poll_interval: '1s' }],
    udp: [{ listen: '127.0.0.1:0' }, { listen: '127.0.0.1:0', probe: false, fault_loss: 1 }],
    tcp: [{ listen: '127.0.0.1:0' }],
  };
  const times = { window: '1s', interval: '1s', flush_interval: '200ms' };
  const agent = { hostname: 'host-a', labels: { ...labels, tor: 't1' }, log_format: 'json', ...times };
  const outputs = { prometheus: [{ listen: '127.0.0.1:0' }], file: [{ path: out, format: 'line' }] };
  await writeFile(config, JSON.stringify({ agent, inputs, outputs }));
  weft = new WeftProcess(['run', '-c', config]);
  const log = ({ stderr }: WeftProcess): LogLine[] =>
    stderr
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const ports = await weft.until('three reflectors', (process) => {
    const found = log(process).filter(({ msg }) => msg.startsWith('answering probes'));
    return found.length === 3 ? found : undefined;
  });
  const port = (transport: string, faulty: boolean): number | undefined =>
    ports.find((line) => 'fault_loss' in line === faulty && 'transport' in line && line.transport === transport)?.port;
  const target = (dst: string, transport: string, faulty: boolean): object => {
    const place = { dst, transport, address: '127.0.0.1', port: port(transport, faulty) };
    // A busy machine is no loss; what is lost is to be counted soon.
    return { ...place, interval: '100ms', timeout: faulty ? '500ms' : '10s', labels: { ...labels, tor: 't2' } };
  };
  const targets = [target('host-b', 'udp', false), target('host-lost', 'udp', true), target('host-b', 'tcp', false)];
  // Whole at any time: the agent may be about to read its first list.
  await writeFile(`${pinglist}.new`, JSON.stringify({ version: 1, targets }));
  await rename(`${pinglist}.new`, pinglist);
  const url = await weft.until(
    'the exporter',
    (process) => log(process).find(({ msg }) => msg === 'serving metrics')?.url,
  );
  return {
    weft,
    prometheus: new URL(url).host,
    async lines() {
      const text = await readFile(out, 'utf8').catch(() => '');
      return text.slice(0, text.lastIndexOf('\n') + 1);
    },
  };
}

function panelOf({ panels }: Dashboard, title: string): Dashboard {
  const found = panels.filter((panel) => panel.title === title);
  assert.equal(found.length, 1, title);
  return { panels: found } as unknown as Dashboard;
}

for (const [file, type] of [
  [PROMETHEUS_FILE, 'prometheus'],
  [INFLUXDB_FILE, 'influxdb'],
] as const) {
  test(`${file} has what Grafana needs to load it`, async () => {
    const { uid, title, schemaVersion, panels, templating } = await readDashboard(file);
    assert.ok(uid.length > 0 && uid.length <= 40 && title.startsWith('weft'));
    assert.equal(schemaVersion, 39);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'ids are unique');
    const [datasource] = templating.list;
    assert.deepEqual([datasource?.name, datasource?.type, datasource?.query], ['datasource', 'datasource', type]);
    const names = new Set(templating.list.map(({ name }) => name));
    for (const name of Object.keys(OPENED)) assert.ok(names.has(name), name);
    for (const panel of panels.filter((each) => each.type !== 'row')) {
      assert.ok((panel.targets ?? []).length > 0, panel.title);
      const sources = [panel.datasource, ...(panel.targets ?? []).map((target) => target.datasource)];
      for (const source of sources) assert.deepEqual(source, { type, uid: DATASOURCE }, panel.title);
    }
    assertNoOverlap(panels);
  });
}

function assertNoOverlap(panels: readonly Panel[]): void {
  const taken = new Set<string>();
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(!taken.has(`${x} ${y}`), `${title} lies on another panel`);
        taken.add(`${x} ${y}`);
      }
    }
  }
}

const finite = ({ value }: Sample): boolean => Number.isFinite(value);

describe('over Prometheus', { skip: hasPrometheus() ? false : 'Debian package prometheus is not installed' }, () => {
  test('every query answers, and loss is what the agent counts', async (t) => {
    const { weft, prometheus } = await measuringAgent(t);
    const server = await PrometheusServer.start(t, prometheus, {}, []);
    const dashboard = await readDashboard(PROMETHEUS_FILE);
    const ask = (values: Readonly<Record<string, string>>): Query[] =>
      queriesOf(dashboard, { ...values, __rate_interval: RATE_INTERVAL });
    for (const { text } of [...ask(OPENED), ...ask(BY_TOR)]) {
      await server.queryUntil(text, (samples) => samples.some(finite), weft);
    }
    for (const { text } of variableQueriesOf(dashboard, OPENED)) {
      const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(text) ?? [];
      const found = await server.query(`count by (${label}) (${selector})`);
      assert.ok(found.length > 0 && found.every(({ metric }) => metric[label ?? ''] !== undefined), text);
    }
    const [matrix] = queriesOf(panelOf(dashboard, 'Loss, row to column'), {
      ...OPENED,
      transport: 'udp',
      __rate_interval: RATE_INTERVAL,
    });
    const isWhole = (samples: readonly Sample[]) => samples.filter(finite).length === 2;
    const loss = await server.queryUntil(matrix?.text ?? '', isWhole, weft);
    assert.deepEqual(loss.map(({ metric, value }) => [metric.src, metric.dst, value]).sort(), [
      ['host-a', 'host-b', 0],
      ['host-a', 'host-lost', 1],
    ]);
  });
});

/** `$timeFilter` and `$__interval` as Grafana writes them, over all there is. */
const INFLUXQL = { timeFilter: 'time >= 0', __interval: '1h' };

/** A window of each target with answers, and what the agent says of itself. */
const NEEDED = [
  /^probe,.*dst=host-b,.*transport=udp .*network_rtt_p50=/m,
  /^probe,.*dst=host-b,.*transport=tcp .*network_rtt_p50=/m,
  /^probe,.*dst=host-lost,.*timeout=[1-9]/m,
  /^weft_agent,.*cpu=/m,
  /^weft_output,.*buffer_size=/m,
];

async function filled(t: TestContext): Promise<{ server: InfluxdbServer; lines: readonly string[] }> {
  const agent = await measuringAgent(t);
  const server = await InfluxdbServer.start(t);
  await server.query('CREATE DATABASE weft');
  let text = '';
  const look = async () => {
    text = await agent.lines();
    return NEEDED.every((line) => line.test(text));
  };
  const seen = () => ({ missing: NEEDED.filter((line) => !line.test(text)), text });
  await waitFor('lines of all kinds', look, { needs: [agent.weft], seen });
  await server.write('weft', text);
  return { server, lines: text.split('\n') };
}

describe('over InfluxDB', { skip: hasInfluxdb() ? false : 'Debian package influxdb is not installed' }, () => {
  test('every query answers, and the sums are those of the agent', async (t) => {
    const { server, lines } = await filled(t);
    const dashboard = await readDashboard(INFLUXDB_FILE);
    for (const values of [OPENED, BY_TOR]) {
      for (const { name, text } of queriesOf(dashboard, { ...values, ...INFLUXQL })) {
        const series = await server.query(text, 'weft');
        const figures = series.flatMap((each) => each.values.flatMap((row) => row.slice(1)));
        assert.ok(
          figures.some((figure) => typeof figure === 'number'),
          `${name} answers nothing: ${text}`,
        );
      }
    }
    for (const { name, text } of variableQueriesOf(dashboard, OPENED)) {
      assert.ok(((await server.query(text, 'weft'))[0]?.values.length ?? 0) > 0, name);
    }
    const [probes] = queriesOf(panelOf(dashboard, 'Probes'), { ...OPENED, ...INFLUXQL });
    const answer = await server.query(probes?.text ?? '', 'weft');
    const sum = answer[0]?.values.reduce((total, [, value]) => total + Number(value), 0);
    const sent = lines
      .filter((line) => line.startsWith('probe,'))
      .map((line) => Number(/[ ,]sent=(\d+)i/.exec(line)?.[1]));
    assert.equal(
      sum,
      sent.reduce((total, value) => total + value, 0),
    );
    const [matrix] = queriesOf(panelOf(dashboard, 'Loss, row to column'), { ...OPENED, transport: 'udp', ...INFLUXQL });
    const loss = await server.query(matrix?.text ?? '', 'weft');
    assert.deepEqual(loss.map(({ tags, values }) => [tags?.dst, values[0]?.[1]]).sort(), [
      ['host-b', 0],
      ['host-lost', 1],
    ]);
  });
});
