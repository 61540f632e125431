// What is wrong with joins, for-each, sub-workflows, groups, regions and the flows between them: each fault as
// `millrace verify` prints it, with file, line and column.

import { describe, expect, test } from 'vitest';
import { formatFault } from '../../src/workflow/fault.js';
import { loadDefinition } from '../../src/workflow/load.js';
import { verify } from '../../src/workflow/verify.js';
import { actionTypes } from './accepted.js';

/** Faults of a workflow file that begins with these actions in line 3. */
function faultsOf(...actions: string[]): string[] {
  const text = ['workflow: /a', 'actions:', ...actions.map(line => `  ${line}`)].join('\n');
  const loaded = loadDefinition(text, 'a.yaml');
  return 'faults' in loaded ? loaded.faults.map(formatFault) : [];
}

describe('joins', () => {
  const three = ['a: {type: null, next: [b, c, j]}', 'b: {type: null, next: j}', 'c: {type: null, next: j}'];

  test.each(['all', 'first', '1 of 3', '3 of 3', 'all activated', '3 tokens', '1 token', 'All  Activated'])(
    '%s is one',
    join => {
      expect(faultsOf(...three, `j: {type: null, join: ${join}}`)).toEqual([]);
      expect(faultsOf(...three, `j: {type: null, join: {wait: ${join}}}`)).toEqual([]);
    },
  );

  test.each(['any', '0 of 3', 'two of three', '2/3', '-1 tokens', '0 tokens', '2 of', 'all of 3'])(
    '%s is none',
    join => {
      const forms = '"all", "first", "2 of 3" (of the inbound flows), "all activated" or "3 tokens"';
      const message = `found "${join}", accepted is ${forms} (JOIN_INVALID)`;
      expect(faultsOf(...three, `j: {type: null, join: ${join}}`)).toEqual([`a.yaml:6:25 actions.j.join: ${message}`]);
      expect(faultsOf(...three, `j: {type: null, join: {wait: ${join}}}`)).toEqual([
        `a.yaml:6:32 actions.j.join.wait: ${message}`,
      ]);
    },
  );

  test.each([
    [
      '2 of 2',
      'a.yaml:6:25 actions.j.join: found "2 of 2", but 3 flows lead here; accepted is "1 of 3" to "3 of 3" (JOIN_INVALID)',
    ],
    [
      '5 of 9',
      'a.yaml:6:25 actions.j.join: found "5 of 9", but 3 flows lead here; accepted is "1 of 3" to "3 of 3" (JOIN_INVALID)',
    ],
    [
      '4 of 3',
      'a.yaml:6:25 actions.j.join: "4 of 3" is more than there are inbound flows; accepted is "1 of 3" to "3 of 3" (JOIN_NEVER)',
    ],
    [
      '4 tokens',
      'a.yaml:6:25 actions.j.join: "j" needs 4 tokens before it can go on, and at most 3 can arrive; accepted is up to "3 tokens" (JOIN_NEVER)',
    ],
    [
      '{wait: all activated, rest: cancel}',
      'a.yaml:6:47 actions.j.join.rest: with "all activated" there is no rest; leave this out, or wait for "all", "first" or "2 of 3" (JOIN_INVALID)',
    ],
    [
      '{wait: all, rest: drop}',
      'a.yaml:6:43 actions.j.join.rest: found "drop", accepted is "keep" or "cancel" or "block" (VALUE_INVALID)',
    ],
    [
      '{rest: keep}',
      'a.yaml:6:25 actions.j.join.wait: is missing, accepted is text of 1 to 200 characters (KEY_MISSING)',
    ],
    [
      '{wait: all, reset: keep}',
      'a.yaml:6:37 actions.j.join.reset: unknown key "reset"; did you mean "rest"? (KEY_UNKNOWN)',
    ],
    ['3', 'a.yaml:6:25 actions.j.join: found 3, accepted is text of 1 to 200 characters or an object (VALUE_INVALID)'],
  ])('%s', (join, fault) => expect(faultsOf(...three, `j: {type: null, join: ${join}}`)).toEqual([fault]));

  test('one that begins a workflow or a body, and one that no flow leads to', () => {
    expect(faultsOf('j: {type: null, join: first, next: b}', 'b: {type: null, next: j}')).toEqual([
      'a.yaml:3:19 actions.j.join: "j" begins at once and so cannot wait for flows; accepted is an action before it, whose flow leads here (JOIN_START)',
    ]);
    expect(faultsOf('e: {type: forEach, items: [1], body: {actions: {j: {type: null, join: all}}}}')).toEqual([
      'a.yaml:3:67 actions.e.body.actions.j.join: "j" begins at once and so cannot wait for flows; accepted is an action before it, whose flow leads here (JOIN_START)',
    ]);
    expect(faultsOf('a: {type: null}', 'j: {type: null, join: all}')).toEqual([
      'a.yaml:4:25 actions.j.join: "j" waits for flows, and none leads to it; accepted is a join with inbound flows (JOIN_NEVER)',
    ]);
  });

  test('flows that come from behind the join only: it never gets to them', () => {
    const loop = (join: string) =>
      faultsOf(
        'a: {type: null, next: [b, j]}',
        'b: {type: null, next: j}',
        `j: {type: null, join: ${join}, next: c}`,
        'c: {type: null, next: d}',
        'd: {type: null, next: [j, b]}',
      );
    expect(loop('all')).toEqual([
      'a.yaml:5:25 actions.j.join: "j" needs 3 of its 3 inbound flows before it can go on, but what comes from "d" comes from behind it; accepted is "2 of 3" (JOIN_NEVER)',
    ]);
    expect(loop('3 of 3')).toHaveLength(1);
    for (const join of ['first', '2 of 3', 'all activated', '3 tokens']) expect(loop(join)).toEqual([]);
  });

  test('a flow to itself comes from behind it; tokens from there do not count either', () => {
    const itself = (join: string) => faultsOf('a: {type: null, next: j}', `j: {type: null, join: ${join}, next: j}`);
    expect(itself('all')).toEqual([
      'a.yaml:4:25 actions.j.join: "j" needs 2 of its 2 inbound flows before it can go on, but what comes from "j" comes from behind it; accepted is "1 of 2" (JOIN_NEVER)',
    ]);
    expect(itself('first')).toEqual([]);
    expect(itself('2 tokens')).toEqual([
      'a.yaml:4:25 actions.j.join: "j" needs 2 tokens before it can go on, and at most 1 can arrive; accepted is up to "1 token" (JOIN_NEVER)',
    ]);
  });

  test('a way around the join is enough', () => {
    expect(
      faultsOf(
        'a: {type: null, next: [b, {to: c, condition: x = 1}]}',
        'b: {type: null, next: j}',
        'j: {type: null, join: all, next: c}',
        'c: {type: null, next: j}',
      ),
    ).toEqual([]);
  });

  test('tokens are counted through splits, joins and loops', () => {
    const tokens = (count: number, join: string) =>
      faultsOf(...three, `j: {type: null, join: ${join}, next: k}`, `k: {type: null, join: ${count} tokens}`);
    expect(tokens(1, 'all')).toEqual([]);
    expect(tokens(2, 'all')).toEqual([
      'a.yaml:7:25 actions.k.join: "k" needs 2 tokens before it can go on, and at most 1 can arrive; accepted is up to "1 token" (JOIN_NEVER)',
    ]);
    expect(tokens(3, 'all activated')).toEqual([]);
    expect(tokens(4, 'all activated')).toHaveLength(1);
    expect(
      faultsOf('a: {type: null, next: [b]}', 'b: {type: null, next: [b, k]}', 'k: {type: null, join: 50 tokens}'),
    ).toEqual([]);
    expect(
      faultsOf(
        'a: {type: null, start: true, next: k}',
        'b: {type: null, start: true, next: k}',
        'k: {type: null, join: 2 tokens}',
      ),
    ).toEqual([]);
  });
});

describe('for-each', () => {
  const body = 'body: {actions: {x: {type: null}}}';
  const each = (properties: string) => faultsOf(`e: {type: forEach, ${properties}}`);

  test.each([
    `items: [1, 2], ${body}`,
    `items: "\${RESULT}", ${body}, parallel: 5, complete: 3, rest: cancel`,
    `from: 1, to: 20000, collect: false, ${body}`,
    `from: "\${a}", to: 10, step: -1, ${body}`,
    `from: 10, to: 1, ${body}, complete: 10`,
    'items: [], workflow: /b/c',
    `items: [], workflow: "/b/\${RESULT.name}"`,
    'items: [], as: order, indexAs: at, workflow: /b/c, wait: false',
  ])('accepted: %s', properties => expect(each(properties)).toEqual([]));

  test.each([
    [body, '3:3 actions.e: a forEach needs items (a list, or a text that names one), or from and to (FOR_EACH_RANGE)'],
    [
      `items: [1], from: 1, to: 2, ${body}`,
      '3:34 actions.e.from: a forEach has items, or a range from, to and step, not both; leave one out (FOR_EACH_RANGE)',
    ],
    [
      `items: [1], step: 2, ${body}`,
      '3:34 actions.e.step: a forEach has items, or a range from, to and step, not both; leave one out (FOR_EACH_RANGE)',
    ],
    [`from: 1, ${body}`, '3:6 actions.e.to: is missing: a range has from and to, both included (FOR_EACH_RANGE)'],
    [
      `to: 1, step: 2, ${body}`,
      '3:6 actions.e.from: is missing: a range has from and to, both included (FOR_EACH_RANGE)',
    ],
    [
      `from: 1, to: 2, step: 0, ${body}`,
      '3:44 actions.e.step: found 0, accepted is any other number: a range with it never ends (FOR_EACH_STEP)',
    ],
    [
      `from: 1, to: 2, step: "0.0", ${body}`,
      '3:44 actions.e.step: found 0, accepted is any other number: a range with it never ends (FOR_EACH_STEP)',
    ],
    [
      'items: [1]',
      '3:3 actions.e: a forEach needs a body, or the name of a workflow, that is run for each item (FOR_EACH_BODY)',
    ],
    [
      `items: [1], ${body}, workflow: /b`,
      '3:70 actions.e.workflow: a forEach has a body or a workflow, not both; leave one out (FOR_EACH_BODY)',
    ],
    [
      `items: [1, 2], complete: 3, ${body}`,
      '3:47 actions.e.complete: found 3, accepted is at most 2: there are no more items (FOR_EACH_COMPLETE)',
    ],
    [
      `from: 1, to: 10, step: 3, complete: 5, ${body}`,
      '3:58 actions.e.complete: found 5, accepted is at most 4: there are no more items (FOR_EACH_COMPLETE)',
    ],
    [
      `items: [1], rest: cancel, ${body}`,
      '3:34 actions.e.rest: without complete all are waited for, and there is no rest; give complete, or leave this out (FOR_EACH_COMPLETE)',
    ],
    [
      `from: 0, to: 10000, ${body}`,
      '3:3 actions.e: the range has more than 10000 numbers, whose results are too many to keep; give collect: false (FOR_EACH_COLLECT)',
    ],
    [
      `from: 0, to: 10000, collect: true, ${body}`,
      '3:51 actions.e.collect: the range has more than 10000 numbers, whose results are too many to keep; give collect: false (FOR_EACH_COLLECT)',
    ],
    [
      `items: [1], as: 2x, ${body}`,
      '3:38 actions.e.as: "2x" is not a name for a variable: a letter or _ first, then letters, digits and _ (NAME_INVALID)',
    ],
    [
      `items: [1], as: RESULT, ${body}`,
      '3:38 actions.e.as: the name "RESULT" is reserved; give the variable another (NAME_INVALID)',
    ],
    [
      `items: [1], as: index, ${body}`,
      '3:38 actions.e.as: an item and its index cannot be one variable; give another name (NAME_INVALID)',
    ],
    [
      'items: [1], workflow: b/c',
      '3:44 actions.e.workflow: "b/c" is not a workflow name: it must begin with "/" (NAMESPACE_INVALID)',
    ],
    [
      `items: 5, ${body}`,
      '3:29 actions.e.items: found 5, accepted is text of 1 to 4,096 characters or a list (VALUE_INVALID)',
    ],
    [
      `items: [1], parallel: 0, ${body}`,
      '3:44 actions.e.parallel: found 0, accepted is a whole number from 1 to 10,000 (VALUE_INVALID)',
    ],
    [
      `from: true, to: 2, ${body}`,
      '3:28 actions.e.from: found true, accepted is a number or text of 1 to 4,096 characters (VALUE_INVALID)',
    ],
    [
      'items: [1], body: {actions: {}}',
      '3:50 actions.e.body.actions: is empty, accepted are 1 to 10,000 entries (VALUE_INVALID)',
    ],
    ['items: [1], body: {flows: []}', '3:40 actions.e.body.actions: is missing, accepted is a list (KEY_MISSING)'],
    ['items: [1], body: [x]', '3:40 actions.e.body: found a list, accepted is an object (VALUE_INVALID)'],
  ])('%s', (properties, fault) => expect(each(properties)).toEqual([`a.yaml:${fault}`]));
});

describe('bodies', () => {
  test('are held to what workflows are held to, at any depth, each fault in its place', () => {
    const faults = faultsOf(
      'each:',
      '  type: forEach',
      '  items: [1]',
      '  body:',
      '    actions:',
      '      check: {type: call, function: check, next: inner}',
      '      inner:',
      '        type: forEach',
      '        from: 1',
      '        to: 3',
      '        body:',
      '          actions:',
      '            - {name: x, type: console, mesage: hello, next: {to: y, condition: a = = b}}',
      '            - {name: y, type: cal, next: [x, z]}',
      '            - {name: x, type: null, timeoutMs: 0}',
      '          flows:',
      '            - {from: x, to: nowhere}',
      '        nxt: check',
      '      lost: {type: null}',
      '      2nd: {type: null, next: [check]}',
    );
    expect(faults).toEqual([
      'a.yaml:8:9 actions.each.body.actions.check: a call needs a module: give the workflow one, or this action (MODULE_MISSING)',
      'a.yaml:15:17 actions.each.body.actions.inner.body.actions[0].message: is missing, accepted is text of 0 to 32,768 characters (KEY_MISSING)',
      'a.yaml:15:42 actions.each.body.actions.inner.body.actions[0].mesage: unknown key "mesage"; did you mean "message"? (KEY_UNKNOWN)',
      'a.yaml:15:86 actions.each.body.actions.inner.body.actions[0].next.condition: at character 5: "=" (expected a value) (CONDITION_INVALID)',
      `a.yaml:16:33 actions.each.body.actions.inner.body.actions[1].type: found "cal", accepted is one of ${actionTypes}; did you mean "call"? (VALUE_INVALID)`,
      'a.yaml:16:45 actions.each.body.actions.inner.body.actions[1].next[0]: the flows lead back, "x" -> "y" -> "x", and no action of this loop is a transaction break; give one transactionBreak: true (FLOW_LOOP)',
      'a.yaml:16:48 actions.each.body.actions.inner.body.actions[1].next[1]: no action is named "z"; did you mean "x"? (FLOW_TARGET_UNKNOWN)',
      'a.yaml:17:24 actions.each.body.actions.inner.body.actions[2].name: two actions are named "x": another is action 1, this one is action 3 (ACTION_DUPLICATE)',
      'a.yaml:17:50 actions.each.body.actions.inner.body.actions[2].timeoutMs: found 0, accepted is a whole number from 1 to 31,622,400,000 (VALUE_INVALID)',
      'a.yaml:19:31 actions.each.body.actions.inner.body.flows[0].to: no action is named "nowhere" (FLOW_TARGET_UNKNOWN)',
      'a.yaml:20:11 actions.each.body.actions.inner.nxt: unknown key "nxt"; did you mean "next"? (KEY_UNKNOWN)',
      'a.yaml:21:9 actions.each.body.actions.lost: no flow leads to "lost" (ACTION_UNREACHABLE)',
      'a.yaml:22:9 actions.each.body.actions["2nd"]: "2nd" is not a name for an action: a letter or _ first, then letters, digits, _ - . and spaces within (NAME_INVALID)',
      'a.yaml:22:9 actions.each.body.actions["2nd"]: no flow leads to "2nd" (ACTION_UNREACHABLE)',
    ]);
  });

  test('flows do not lead into a body or out of it', () => {
    expect(
      faultsOf(
        'a: {type: null, next: x}',
        'b: {type: null}',
        'e:',
        '  type: forEach',
        '  items: [1]',
        '  body: {actions: {x: {type: null, next: b}}, flows: [{from: e, to: x}]}',
      ),
    ).toEqual([
      'a.yaml:3:25 actions.a.next: "x" is in the body of a forEach; accepted are flows to and from the forEach, whose body has flows of its own (FLOW_OUTSIDE)',
      'a.yaml:8:44 actions.e.body.actions.x.next: "b" is outside of this body; accepted are the actions of this body; when it has ended, the flows out of its forEach are taken (FLOW_OUTSIDE)',
      'a.yaml:8:64 actions.e.body.flows[0].from: "e" is outside of this body; accepted are the actions of this body; when it has ended, the flows out of its forEach are taken (FLOW_OUTSIDE)',
    ]);
  });

  test('a loop in a body needs a break; joins, mutexes and actions that act on contexts are breaks', () => {
    const loop = (y: string) =>
      faultsOf(
        'e:',
        '  type: forEach',
        '  items: [1]',
        '  body:',
        '    actions:',
        '      a: {type: console, message: a, next: x}',
        '      x: {type: console, message: x, next: y}',
        `      y: {${y}, next: x}`,
      );
    expect(loop('type: console, message: y')).toEqual([
      'a.yaml:10:46 actions.e.body.actions.y.next: the flows lead back, "x" -> "y" -> "x", and no action of this loop is a transaction break; give one transactionBreak: true (FLOW_LOOP)',
    ]);
    for (const y of [
      'type: console, message: y, join: first',
      'type: console, message: y, mutex: m',
      'type: workflow, workflow: /b',
      'type: forEach, items: [1], workflow: /b',
      'type: cancel, actions: [x]',
      'type: group, group: e, do: complete',
    ])
      expect(loop(y)).toEqual([]);
  });

  test('deeper than 8, or with too many actions in all', () => {
    let actions: unknown[] = [{ name: 'x', type: 'null' }];
    const nest = () => {
      actions = [{ name: 'e', type: 'forEach', items: [1], body: { actions } }];
    };
    for (let depth = 0; depth < 8; depth++) nest();
    expect(verify({ name: '/a', actions, flows: [] })).toEqual([]);
    nest();
    const path = Array(9).fill('actions[0].body').join('.');
    expect(verify({ name: '/a', actions, flows: [] }).map(formatFault)).toEqual([
      `${path}: bodies are nested deeper than 8 levels (TOO_DEEP)`,
    ]);

    const many = Array.from({ length: 6_000 }, (_, index) => ({ name: `x${index}`, type: 'null', start: true }));
    const both = ['e', 'f'].map(name => ({ name, type: 'forEach', items: [1], start: true, body: { actions: many } }));
    expect(verify({ name: '/a', actions: both, flows: [] }).map(formatFault)).toEqual([
      'actions: has 12002 actions with those of all bodies, accepted are up to 10000 (TOO_LARGE)',
    ]);
  });
});

describe('actions that act on contexts', () => {
  test('of end no flow is taken, of error an error flow only', () => {
    expect(
      faultsOf(
        'a: {type: null, next: [b, c]}',
        'b: {type: end, next: d}',
        'c: {type: error, message: no, code: E_NO, next: [d, {to: d, kind: else}, {to: d, kind: error}]}',
        'd: {type: null}',
      ),
    ).toEqual([
      'a.yaml:4:24 actions.b.next: this flow is never taken: "b" ends the instance; it has no flows (FLOW_NEVER)',
      'a.yaml:5:52 actions.c.next[0]: this flow is never taken: "c" always fails; it can have an error flow only (FLOW_NEVER)',
      'a.yaml:5:55 actions.c.next[1]: this flow is never taken: "c" always fails; it can have an error flow only (FLOW_NEVER)',
    ]);
  });

  test('an else flow beside one that is always taken', () => {
    expect(
      faultsOf(
        'a: {type: null, next: [{to: b}, {to: c, kind: else}]}',
        "b: {type: null, next: [{to: c, condition: '(TRUE)'}, {to: d, kind: else}]}",
        "c: {type: null, next: [{to: d, condition: 'x = true'}, {to: a, kind: else}]}",
        'd: {type: null, next: {to: a, kind: else}}',
      ),
    ).toEqual([
      'a.yaml:3:35 actions.a.next[1]: this flow is never taken: the one to "b" always is; give that one a condition, or leave this one out of "a" (FLOW_ELSE)',
      'a.yaml:4:56 actions.b.next[1]: this flow is never taken: the one to "c" always is; give that one a condition, or leave this one out of "b" (FLOW_ELSE)',
    ]);
  });

  test('a forEach that nobody waits for goes on for no number of items', () => {
    expect(
      faultsOf('a: {type: forEach, items: [1, 2], wait: false, complete: 1, body: {actions: {inner: {type: null}}}}'),
    ).toEqual([
      'a.yaml:3:50 actions.a.complete: with wait: false the flow goes on at once, and never for so many items; leave one of them out (FOR_EACH_COMPLETE)',
    ]);
  });

  test('a region names actions beside it or in bodies below, others than itself', () => {
    const region = (names: string) =>
      faultsOf(
        'a: {type: null, next: [e, stop]}',
        'e: {type: forEach, items: [1], body: {actions: {inner: {type: cancel, actions: [a]}}}}',
        `stop: {type: cancel, actions: ${names}}`,
      );
    const around =
      'a.yaml:4:83 actions.e.body.actions.inner.actions[0]: no action is named "a"; accepted are those beside this one and in bodies below (CANCEL_UNKNOWN)';
    expect(region('[a, e, inner]')).toEqual([around]);
    expect(region('[inne]')).toEqual([
      around,
      'a.yaml:5:34 actions.stop.actions[0]: no action is named "inne"; did you mean "inner"? (CANCEL_UNKNOWN)',
    ]);
    expect(region('[stop]')).toEqual([
      around,
      'a.yaml:5:34 actions.stop.actions[0]: an action cannot withdraw itself; accepted are the names of others (CANCEL_SELF)',
    ]);
    expect(region('[]')).toEqual([
      around,
      'a.yaml:5:33 actions.stop.actions: is empty, accepted are 1 to 10,000 entries (VALUE_INVALID)',
    ]);
  });

  test('a group is that of a forEach beside it or around it', () => {
    const group = (inner: string) =>
      faultsOf(
        'e:',
        '  type: forEach',
        '  items: [1]',
        '  next: f',
        `  body: {actions: {g: {type: group, ${inner}}}}`,
        'f: {type: forEach, items: [1], body: {actions: {x: {type: null}}}}',
      );
    for (const name of ['e', 'f']) expect(group(`group: ${name}, do: complete`)).toEqual([]);
    expect(group('group: e, do: extend, items: [1]')).toEqual([]);
    expect(group('group: x, do: cancel')).toEqual([
      'a.yaml:7:46 actions.e.body.actions.g.group: no forEach is named "x"; accepted is one beside this action or around it (GROUP_UNKNOWN)',
    ]);
    expect(group('group: e, do: extend')).toEqual([
      'a.yaml:7:25 actions.e.body.actions.g.items: is missing: what the group is extended by, a list or a text that names one (GROUP_ITEMS)',
    ]);
    expect(group('group: e, do: cancel, items: [1]')).toEqual([
      'a.yaml:7:61 actions.e.body.actions.g.items: only do: extend takes items; leave this out (GROUP_ITEMS)',
    ]);
  });

  test('names of workflows, mutexes and errors', () => {
    expect(
      faultsOf(
        'a: {type: workflow, workflow: "/x//y", input: {any: [thing, {x: null}]}, next: b}',
        'b: {type: null, mutex: "1", next: c}',
        `c: {type: workflow, workflow: "/x/\${RESULT}", next: d}`,
        'd: {type: error, code: constructor}',
      ),
    ).toEqual([
      'a.yaml:3:33 actions.a.workflow: "/x//y" is not a workflow name: it has an empty part (NAMESPACE_INVALID)',
      'a.yaml:4:26 actions.b.mutex: "1" is not a name for a mutex: a letter or _ first, then letters, digits, _ - . and spaces within (NAME_INVALID)',
      'a.yaml:6:26 actions.d.code: the name "constructor" is reserved: every JavaScript object has it (NAME_INVALID)',
    ]);
  });

  test('what is missing', () => {
    expect(faultsOf('a: {type: workflow, next: b}', 'b: {type: cancel, next: c}', 'c: {type: group}')).toEqual([
      'a.yaml:3:6 actions.a.workflow: is missing, accepted is text of 2 to 1,024 characters (KEY_MISSING)',
      'a.yaml:4:6 actions.b.actions: is missing, accepted is a list (KEY_MISSING)',
      'a.yaml:5:6 actions.c.group: is missing, accepted is text of 1 to 200 characters (KEY_MISSING)',
      'a.yaml:5:6 actions.c.do: is missing, accepted is "complete" or "cancel" or "extend" (KEY_MISSING)',
    ]);
  });
});
