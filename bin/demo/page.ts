/** Draws a demo as lines of text: what all agents say together, a grid for each transport, and where to look further. */

import { formatLoss } from '../figures.js';
import { type Arrangement, arrangeGrids, type Space } from './arrangement.js';
import { describeFault, faultQuery } from './fault.js';
import { legendLines, orDash } from './grid.js';
import type { Paint } from './paint.js';
import { FORGET_AFTER_MS, GRID_PORT, STALE_AFTER_MS } from './plan.js';
import type { Registration } from './registry-watch.js';
import type { AgentView, ControllerView, DemoView, TransportView } from './view.js';

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
  // Last: what is clipped when the terminal is narrow.
  const moved = view.grid.isMoved ? ` · port ${GRID_PORT} is taken` : '';
  return [
    `${title} – ${gridText(view, paint)} · ${up} of ${view.agents.length} agents up, running for ${seconds} s${moved}`,
    ...faultLines(view, paint),
    controllerLine(view),
    ...view.transports.map(totalLine),
  ];
}

/** What a browser is for. */
function gridText({ grid }: DemoView, paint: Paint): string {
  return `grid ${paint.style('title', `${grid.url}/`)}${grid.state === 'up' ? '' : ` ${grid.state}`}`;
}

function faultLines({ fault }: DemoView, paint: Paint): string[] {
  return fault === undefined ? [] : [`Fault      ${paint.style('bad', describeFault(fault))}`];
}

function controllerLine({ controller, agents }: DemoView): string {
  return `Controller ${controller.url} · ${controllerState(controller, agents)}`;
}

function controllerState({ state, answers }: ControllerView, agents: readonly AgentView[]): string {
  if (state !== 'up') return state;
  if (!answers) return 'no answer';
  const registered = agents.filter(({ registration }) => registration === 'active' || registration === 'stale');
  return `${registered.length} of ${agents.length} agents registered`;
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
  const central = [
    { name: 'controller', ...view.controller },
    { name: 'grid', ...view.grid },
  ];
  const ended = [...central, ...view.agents].filter(({ deaths }) => deaths > 0);
  return [
    ...ended.map((each) => `${each.name} ended (${each.lastDeath}), ${each.deaths}×; now ${each.state}`),
    ...view.agents.flatMap(({ name, registration }) => silenceLine(name, registration)),
  ].map((line) => paint.style('bad', line));
}

function silenceLine(name: string, registration: Registration | undefined): string[] {
  if (registration === 'stale') {
    return [`${name} is stale: not heard of for ${STALE_AFTER_MS / 1000} s, still on all lists`];
  }
  if (registration === 'forgotten') {
    return [`${name} is forgotten: not heard of for ${FORGET_AFTER_MS / 1000} s, on no list any more`];
  }
  return [];
}

function footLines(view: DemoView, paint: Paint): string[] {
  const first = view.agents[0];
  return [
    `Prometheus  ${first?.prometheusUrl} and so on, one per agent`,
    `Pinglist    ${view.controller.url}/v1/agents/${first?.name}/pinglist and so on`,
    `Files       ${view.directory} (configurations, registry, logs)`,
    ...experimentLines(view),
    'For real    weft sample > weft.yaml, edit, weft check -c weft.yaml, weft run -c weft.yaml',
    paint.style('dim', 'Ctrl-C ends all of it'),
  ];
}

/** What is worth trying while it runs. */
function experimentLines({ fault, grid, controller, agents }: DemoView): string[] {
  const find = fault === undefined ? [] : [`Find it     curl '${grid.url}${faultQuery(fault)}', or in the grid`];
  const last = agents.at(-1);
  if (last?.pid === undefined || controller.pid === undefined) return find;
  return [
    ...find,
    `Try         kill -STOP ${last.pid} silences ${last.name}: lost, stale, forgotten; -CONT brings it back`,
    `            kill -KILL ${controller.pid} ends the controller: its agents go on, it is back and knows them`,
  ];
}
