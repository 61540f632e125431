// From rounds to figures: medians, ratios, the JSON and the table.
//
// A contestant's figure is the median of its rounds. A ratio is not a quotient of medians: for each round ours is
// divided by theirs of the same round, minutes apart on the same machine, and the median of these quotients is taken.

import type { Outcome } from './contestant.js';
import { scenarioNamed } from './scenarios/index.js';
import type { Scenario } from './scenarios/scenario.js';

/** One contestant's round. */
export interface RoundResult {
  readonly outcome: Outcome;
  readonly cpuMicros: number;
  readonly peakMb: number;
  readonly settings: string;
}

/** All rounds, by contestant, in the order they ran; `baseline`: the subject's rounds of the baseline scenario. */
export interface RaceResult {
  readonly scenario: Scenario;
  readonly machine: string;
  readonly rounds: number;
  readonly subject: string | null;
  readonly results: ReadonlyMap<string, readonly RoundResult[]>;
  readonly baseline: readonly RoundResult[];
}

export interface SubjectReport {
  readonly name: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicrosPerInstance: number;
  readonly storeBytesPerInstance: number | null;
  readonly rssMb: number;
  readonly ratio: number | null;
}

export interface PeerReport {
  readonly name: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly ratio: number | null;
}

export interface Report {
  readonly scenario: string;
  readonly machine: string;
  /** `null` only with `--peers-only`. */
  readonly subject: SubjectReport | null;
  readonly peers: readonly PeerReport[];
  readonly rounds: number;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median over rounds of `ours[round] / theirs[round]`. */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / theirs[round]!));
}

export function makeReport(race: RaceResult): Report {
  const { scenario } = race;
  const ours = race.subject === null ? [] : race.results.get(race.subject)!;
  const peers = [...race.results].filter(([name]) => name !== race.subject);
  return {
    scenario: scenario.name,
    machine: race.machine,
    subject: race.subject === null ? null : subjectReport(race.subject, race, ours),
    peers: peers.map(([name, theirs]) => ({
      name,
      ...speeds(theirs),
      ratio: ours.length === 0 ? null : rounded(medianRatio(measures(scenario, ours), measures(scenario, theirs))),
    })),
    rounds: race.rounds,
  };
}

function subjectReport(name: string, race: RaceResult, ours: readonly RoundResult[]): SubjectReport {
  const bytes = ours.map(each => perInstance(each, each.outcome.storeBytes));
  return {
    name,
    ...speeds(ours),
    cpuMicrosPerInstance: rounded(median(ours.map(each => perInstance(each, each.cpuMicros)!))),
    storeBytesPerInstance: bytes.includes(null) ? null : rounded(median(bytes as number[])),
    rssMb: rounded(Math.max(...ours.map(each => each.peakMb))),
    ratio: ownRatio(race, ours),
  };
}

/** The scenario's own comparison: what the rounds said, or actions a second beside the baseline scenario. */
function ownRatio(race: RaceResult, ours: readonly RoundResult[]): number | null {
  const { baseline } = race.scenario;
  if (baseline !== null && race.baseline.length > 0) {
    const here = ours.map(each => each.outcome.perSecond * race.scenario.steps);
    const there = race.baseline.map(each => each.outcome.perSecond * scenarioNamed(baseline.scenario).steps);
    return rounded(baseline.ratio === 'here-over-there' ? medianRatio(here, there) : medianRatio(there, here));
  }
  const ratios = ours.flatMap(each => each.outcome.ratio ?? []);
  return ratios.length === 0 ? null : rounded(median(ratios));
}

function perInstance(round: RoundResult, amount: number | null): number | null {
  return amount === null ? null : amount / Math.max(1, round.outcome.completed);
}

function measures(scenario: Scenario, rounds: readonly RoundResult[]): number[] {
  return rounds.map(each => each.outcome[scenario.measure]);
}

function speeds(rounds: readonly RoundResult[]): { perSecond: number; p50Ms: number; p99Ms: number } {
  const of = (key: 'perSecond' | 'p50Ms' | 'p99Ms') => rounded(median(rounds.map(each => each.outcome[key])));
  return { perSecond: of('perSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms') };
}

/** Three digits are more than the machine repeats; four are kept. */
function rounded(value: number): number {
  return value >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}

/** The table for people: a line a contestant, with the spread of the rounds, and what remains to be said. */
export function formatTable(race: RaceResult, report: Report): string {
  const header = ['contestant', 'per second', '(rounds)', 'p50 ms', 'p99 ms', 'CPU us', 'RSS MB', 'ratio'];
  const rows = [...race.results].map(([name, rounds]) => {
    const figures = name === race.subject ? report.subject! : report.peers.find(peer => peer.name === name)!;
    return [
      name,
      group(figures.perSecond),
      rounds.map(each => group(each.outcome.perSecond)).join(' '),
      figures.p50Ms.toPrecision(3),
      figures.p99Ms.toPrecision(3),
      median(rounds.map(each => perInstance(each, each.cpuMicros)!)).toFixed(1),
      Math.max(...rounds.map(each => each.peakMb)).toFixed(0),
      figures.ratio === null ? '-' : figures.ratio.toFixed(2),
    ];
  });
  const lines = alignColumns([header, ...rows]);
  for (const [name, rounds] of race.results) {
    const last = rounds.at(-1)!;
    lines.push(`${name}: ${last.settings}`);
    for (const [what, value] of Object.entries(last.outcome.remarks)) lines.push(`${name}: ${what} ${value}`);
  }
  if (race.scenario.baseline !== null && race.baseline.length > 0) {
    const speeds = race.baseline.map(each => group(each.outcome.perSecond)).join(' ');
    lines.push(`${race.subject}: ${race.scenario.baseline.scenario} ${speeds} per second`);
  }
  return `${race.scenario.name}, medians of ${race.rounds}, ${race.machine}\n${lines.join('\n')}\n`;
}

export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  return rows.map(row =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
  );
}

function group(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
