// The `flows` scenario: a race a flow chart, and then what one instance costs when it splits widely or loops for long.

import { type LoopFigure, longLoop, type SplitFigure, wideSplits } from './one-instance.js';
import { type RaceOptions, race } from './race.js';
import { alignColumns, formatTable, makeReport, type Report } from './report.js';
import { flowCharts } from './scenarios/flows.js';
import { actionsOf } from './workload.js';

export interface FlowChartFigure extends Report {
  readonly actionsPerInstance: number;
  /** Of ours; `null` only with `--peers-only`. */
  readonly actionsPerSecond: number | null;
}

export interface FlowsFigures {
  readonly flowCharts: readonly FlowChartFigure[];
  /** One instance with so many branches and their join. */
  readonly splits: readonly SplitFigure[];
  /** One instance's loop. */
  readonly loop: LoopFigure | null;
}

export interface FlowsOptions extends Omit<RaceOptions, 'scenario' | 'peers'> {
  /** `null`: each flow chart's own. */
  readonly peers: readonly string[] | null;
  readonly turns: number;
  /** Told the table of a race as soon as it is over. */
  readonly onTable: (table: string) => void;
}

const widths = { usual: [500, 1_000, 2_000], toy: [10, 20] };

export async function runFlows(options: FlowsOptions): Promise<FlowsFigures> {
  const figures: FlowChartFigure[] = [];
  for (const scenario of flowCharts) {
    const peers = scenario.peers.filter(peer => options.peers === null || options.peers.includes(peer));
    if (options.subject === null && peers.length === 0) continue;
    const result = await race({ ...options, scenario, peers });
    const report = makeReport(result);
    options.onTable(formatTable(result, report));
    const actionsPerInstance = actionsOf(scenario);
    const perSecond = report.subject?.perSecond ?? null;
    figures.push({
      ...report,
      actionsPerInstance,
      actionsPerSecond: perSecond === null ? null : Math.round(perSecond * actionsPerInstance),
    });
  }
  if (options.subject === null) return { flowCharts: figures, splits: [], loop: null };
  const splits = await wideSplits(options.isToy ? widths.toy : widths.usual, options.rounds);
  return { flowCharts: figures, splits, loop: await longLoop(options.turns) };
}

export function formatFlows({ flowCharts: charts, splits, loop }: FlowsFigures): string {
  const lines = alignColumns([
    ['flow chart', 'instances/s', 'actions/s', 'over peers'],
    ...charts.map(({ scenario, subject, actionsPerSecond, peers }) => [
      scenario,
      String(Math.round(subject?.perSecond ?? 0)),
      String(actionsPerSecond ?? 0),
      peers.map(({ name, ratio }) => `${name} ${ratio?.toFixed(2) ?? '-'}`).join(' '),
    ]),
  ]);
  if (loop === null) return lines.join('\n');
  const list = (values: readonly number[]): string => values.map(each => each.toFixed(0)).join(' ');
  return [
    ...lines,
    '',
    ...alignColumns([
      ['branches of one instance', 'seconds', 'us a branch'],
      ...splits.map(each => [String(each.branches), each.seconds.toFixed(3), each.microsPerBranch.toFixed(0)]),
    ]),
    '',
    `a loop of ${loop.turns} turns: ${loop.seconds.toFixed(1)} s, ${loop.turnsPerSecond.toFixed(0)} turns a second`,
    `heap on the way ${list(loop.heapMb)} MB, rows ${list(loop.rows)}, bodies ${list(loop.bodies)}`,
  ].join('\n');
}
