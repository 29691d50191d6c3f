/** Draws a demo as lines of text: what all agents say together, a grid for each transport, and where to look further. */

import { formatLoss } from '../figures.js';
import { type Arrangement, arrangeGrids, type Space } from './arrangement.js';
import { legendLines, orDash } from './grid.js';
import type { Paint } from './paint.js';
import type { DemoView, TransportView } from './view.js';

/** Everything; what does not fit is left out from the end. */
export function drawDemo(view: DemoView, space: Space, paint: Paint): string[] {
  const lines = [...resultLines(view, space, paint), '', ...footLines(view, paint)];
  return lines.slice(0, space.rows).map((line) => paint.clip(line, space.columns));
}

/** What stays true after the demo has ended. */
export function drawResult(view: DemoView, columns: number, paint: Paint): string[] {
  const space = { columns, rows: Number.POSITIVE_INFINITY };
  return resultLines(view, space, paint).map((line) => paint.clip(line, columns));
}

function resultLines(view: DemoView, space: Space, paint: Paint): string[] {
  const head = [...headLines(view, paint), ''];
  const { lines, hint } = gridsIn({ columns: space.columns, rows: space.rows - head.length }, view, paint);
  const hints = hint === undefined ? [] : [paint.style('dim', hint)];
  return [...head, ...hints, ...lines, ...troubleLines(view, paint), '', ...legendLines(view.historyMs, paint)];
}

function gridsIn(space: Space, { transports, agents }: DemoView, paint: Paint): Arrangement {
  const names = agents.map((agent) => agent.name);
  return arrangeGrids(transports, names, space, paint);
}

function headLines(view: DemoView, paint: Paint): string[] {
  const up = view.agents.filter((agent) => agent.state === 'up').length;
  const seconds = Math.floor(view.elapsedMs / 1000);
  const title = paint.style('title', 'weft demo');
  return [
    `${title} – full mesh, ${up} of ${view.agents.length} agents up, running for ${seconds} s`,
    ...view.transports.map(totalLine),
  ];
}

function totalLine({ transport, total, probesPerSecond }: TransportView): string {
  const figures = [
    `${Math.round(probesPerSecond)} probes/s`,
    `loss ${total.loss === undefined ? '–' : formatLoss(total.loss)}`,
    `network RTT p50 ${orDash(total.p50Ns)}, p99 ${orDash(total.p99Ns)}`,
  ];
  return `${transport.toUpperCase()}  ${figures.join(' · ')}`;
}

function troubleLines(view: DemoView, paint: Paint): string[] {
  const troubled = view.agents.filter((agent) => agent.deaths > 0);
  return troubled.map((agent) =>
    paint.style('bad', `${agent.name} ended (${agent.lastDeath}), ${agent.deaths}×; now ${agent.state}`),
  );
}

function footLines(view: DemoView, paint: Paint): string[] {
  return [
    `Prometheus  ${view.agents[0]?.prometheusUrl} and so on, one per agent`,
    `Files       ${view.directory} (configurations, pinglists, logs)`,
    'For real    weft sample > weft.yaml, edit, weft check -c weft.yaml, weft run -c weft.yaml',
    paint.style('dim', 'Ctrl-C ends all of it'),
  ];
}
