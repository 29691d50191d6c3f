/** A plan as text. */

import { formatBytes, formatFigure, formatNs } from '../figures.js';
import type { Plan, PolicyPlan, Share } from './plan.js';

type Row = readonly string[];
type Format = (value: number) => string;

export function planText(plan: Plan): string {
  const paragraphs = [
    fleetLine(plan),
    table([['per agent', 'min', 'mean', 'max', 'total'], ...shareRows(plan)], [0]),
    table(
      [['policy', 'mode', 'targets', 'probes/s', 'bytes/s', 'ECMP coverage'], ...plan.policies.map(policyRow)],
      [0, 1, 5],
    ),
    remarks(plan).join('\n'),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function fleetLine({ fleet: { simulated, agents, tors, pods, dcs } }: Plan): string {
  const parts = [[agents, 'agent'] as const, [tors, 'ToR'] as const, [pods, 'pod'] as const, [dcs, 'DC'] as const];
  return `${parts.map(([n, noun]) => counted(n, noun)).join(', ')} (${simulated ? 'simulated' : 'of the topology file'})`;
}

function shareRows({ targets, probes_per_second: probes, bytes_per_second: bytes }: Plan): Row[] {
  const row = (name: string, { min, mean, max, total }: Share, format: Format): Row => [
    name,
    ...[min, mean, max, total].map(format),
  ];
  return [
    row('targets', targets, formatFigure),
    row('probes/s', probes, formatFigure),
    row('bytes/s', bytes, formatBytes),
  ];
}

function policyRow({ name, mode, targets, coverage, ...policy }: PolicyPlan): Row {
  const { probes_per_second: probes, bytes_per_second: bytes } = policy;
  const covered = coverage === null ? '-' : coverageText(coverage);
  return [name, mode, formatFigure(targets), formatFigure(probes), formatBytes(bytes), covered];
}

/** Rounded down: what is not reached is not claimed. */
function coverageText({ ways, paths, probability }: NonNullable<PolicyPlan['coverage']>): string {
  return `${Math.floor(probability * 1000) / 10}% (${counted(paths, 'path')}, ${counted(ways, 'way')})`;
}

function remarks({ policies, max_rate: { limit, stretch }, generation_ms: ms }: Plan): string[] {
  const rate = `max_rate (${formatFigure(limit)} probes/s)`;
  return [
    ...policies
      .filter(({ targets }) => targets === 0)
      .map(({ name }) => `Policy ${name} gives nobody a target of its own here.`),
    stretch === 1
      ? `No agent goes beyond its ${rate}.`
      : `Agents go beyond their ${rate}: the busiest one would stretch its intervals ${formatFigure(stretch)}-fold.`,
    `All lists are made in ${formatNs(ms * 1e6)} of CPU time on this machine.`,
  ];
}

function counted(n: number, noun: string): string {
  return `${formatFigure(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** Words are on the left of their columns, figures on the right. */
function table(rows: readonly Row[], wordColumns: readonly number[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number): string =>
    wordColumns.includes(column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
