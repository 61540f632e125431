// What is wrong with signals and races, as `millrace verify` prints it: each with its place and its code.

import { describe, expect, test } from 'vitest';
import { formatFault } from '../../src/workflow/fault.js';
import { loadDefinition } from '../../src/workflow/load.js';

function faultsOf(...actions: string[]): string[] {
  const text = ['workflow: /a', 'actions:', ...actions.map(line => `  ${line}`)].join('\n');
  const loaded = loadDefinition(text, 'a.yaml');
  return 'faults' in loaded ? loaded.faults.map(formatFault) : [];
}

const end = 'b: {type: null}';
const names = (count: number): string => `[${Array.from({ length: count }, (_, n) => `s${n}`).join(', ')}]`;

describe('signals', () => {
  test('are raised, cleared and monitored, by up to 100 names', () => {
    const flow = '{to: b, raise: [x], clear: [y]}';
    expect(faultsOf(`a: {type: manual, monitor: ${names(100)}, next: ${flow}}`, end)).toEqual([]);
    const signal = '{to: b, kind: signal, signal: s1, raise: [stop all]}';
    expect(faultsOf(`a: {type: manual, monitor: [s0, s1], next: [b, ${signal}]}`, end)).toEqual([]);
  });

  test.each([
    [
      '{type: manual, monitor: [MANY], next: b}',
      /a\.monitor: has 101 entries, accepted are 1 to 100 \(VALUE_INVALID\)/,
    ],
    ['{type: manual, monitor: [], next: b}', /actions\.a\.monitor: .*\(/],
    [
      '{type: null, next: {to: b, raise: [MANY]}}',
      /a\.next\.raise: has 101 entries, accepted are 1 to 100 \(VALUE_INVALID\)/,
    ],
    ['{type: manual, monitor: [x, x], next: b}', /monitor\[1\]: the signal "x" is named twice \(SIGNAL_INVALID\)/],
    [
      "{type: manual, monitor: ['it''s'], next: b}",
      /monitor\[0\]: "it's" is not a name for a signal.*\(NAME_INVALID\)/,
    ],
    ['{type: manual, monitor: [constructor], next: b}', /monitor\[0\]: .*reserved.*\(NAME_INVALID\)/],
    [
      '{type: null, next: {to: b, raise: [x], clear: [x]}}',
      /clear\[0\]: a flow raises a signal or clears it, not both \(SIGNAL_INVALID\)/,
    ],
    ['{type: manual, monitor: [x], next: {to: b, kind: signal}}', /signal: is missing.*\(SIGNAL_INVALID\)/],
    [
      '{type: manual, monitor: [x], next: {to: b, signal: x}}',
      /signal: only a flow of kind signal.*\(SIGNAL_INVALID\)/,
    ],
    [
      '{type: manual, monitor: [x], next: {to: b, kind: signal, signal: y}}',
      /signal: this flow is never taken: "a" monitors "x", not "y" \(SIGNAL_INVALID\)/,
    ],
    [
      '{type: manual, next: {to: b, kind: signal, signal: y}}',
      /signal: this flow is never taken: "a" monitors no signal, not "y" \(SIGNAL_INVALID\)/,
    ],
    [
      '{type: manual, monitor: [x], next: [{to: b, kind: signal, signal: x}, {to: a, kind: signal, signal: x}]}',
      /several flows for the signal "x" lead out of "a" \(FLOW_DUPLICATE\)/,
    ],
  ])('%s', (action, fault) => {
    const faults = faultsOf(`a: ${action.replace('[MANY]', names(101))}`, end);
    expect(faults).toEqual(expect.arrayContaining([expect.stringMatching(fault)]));
    expect(faults.every(line => /^a\.yaml:3:\d+ /.test(line))).toBe(true);
  });
});

describe('a race', () => {
  const race = (next: string): string => `a: {type: null, race: true, next: ${next}}`;

  test('is one of triggers', () => {
    expect(faultsOf(race('[m, n]'), 'm: {type: manual}', 'n: {type: delay, delay: +1d}')).toEqual([]);
  });

  test.each([
    [[race('m'), 'm: {type: manual}'], /race: a race is one of several triggers: "a" has 1 flows \(RACE_INVALID\)/],
    [[race('[m, b]'), 'm: {type: manual}', end], /only triggers race: "b" is none \(RACE_INVALID\)/],
    [
      [race('[m, n]'), 'm: {type: manual}', 'n: {type: manual, join: all}'],
      /"n" is a join, which cannot race \(RACE_INVALID\)/,
    ],
    [
      [race('[m, t]'), 'm: {type: manual}', "t: {type: timer, at: '2030-01-01T00:00:00Z'}"],
      /"t" can expire; in a race it needs an expiration flow \(RACE_INVALID\)/,
    ],
  ])('%j', (actions, fault) => {
    expect(faultsOf(...actions)).toEqual(expect.arrayContaining([expect.stringMatching(fault)]));
  });
});
