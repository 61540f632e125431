// Scripts in definitions: their shape, and the faults of those that are none, by file, line and column.

import { expect, test } from 'vitest';
import { withScriptsChecked } from '../../src/script/check-scripts.js';
import { workflow } from '../../src/workflow/builder.js';
import { formatFault } from '../../src/workflow/fault.js';
import { loadDefinition } from '../../src/workflow/load.js';
import { scriptLengthMax } from '../../src/workflow/script-checks.js';
import { verify } from '../../src/workflow/verify.js';

async function faultsOf(text: string): Promise<string[]> {
  const loaded = await withScriptsChecked(check => loadDefinition(text, 'a.yaml', check));
  return 'faults' in loaded ? loaded.faults.map(formatFault) : [];
}

test('scripts may stand as an action, before one and after one, as text or with their language', async () => {
  const text = `workflow: /a
actions:
  a:
    type: script
    script: |
      // no fault
      const n = flowContext.get('n')
      n + 1
    next: b
  b:
    type: console
    message: ''
    prescript: flowContext.set('x', 1)
    postscript: { language: javascript, script: "flowContext.log('b')" }
`;
  expect(await faultsOf(text)).toEqual([]);
});

test('each text that is no script is told with its place in the file, beside all other faults', async () => {
  const text = `workflow: /a
actions:
  a:
    type: script
    script: |
      const n = 1;

      let m = (n;
    next: b
  b:
    type: console
    mesage: ''
    prescript: "let \\"x\\" = 1"
    postscript: { script: 'return
      1' }
    next: c
  c: { type: script, language: groovy, script: 'let =' }
`;
  expect(await faultsOf(text)).toEqual([
    "a.yaml:8:17 actions.a.script: line 3, column 11 of the script: SyntaxError: expecting ')' (SCRIPT_INVALID)",
    'a.yaml:11:5 actions.b.message: is missing, accepted is text of 0 to 32,768 characters (KEY_MISSING)',
    'a.yaml:12:5 actions.b.mesage: unknown key "mesage"; did you mean "message"? (KEY_UNKNOWN)',
    'a.yaml:13:21 actions.b.prescript: line 1, column 5 of the script: SyntaxError: variable name expected (SCRIPT_INVALID)',
    'a.yaml:14:28 actions.b.postscript.script: line 1, column 1 of the script: SyntaxError: return not in a function (SCRIPT_INVALID)',
    'a.yaml:17:32 actions.c.language: found "groovy", accepted is "javascript" (VALUE_INVALID)',
  ]);
});

test('scripts in bodies of for-each actions are read too, at any depth', async () => {
  const text = `workflow: /a
actions:
  each:
    type: forEach
    items: [1]
    body:
      actions:
        a: { type: script, script: 'let =', next: inner }
        inner:
          type: forEach
          items: [1]
          postscript: 'return 1'
          body:
            actions:
              - { name: b, type: console, message: '', prescript: '(1' }
`;
  expect(await faultsOf(text)).toEqual([
    expect.stringMatching(/^a\.yaml:8:41 actions\.each\.body\.actions\.a\.script: .*\(SCRIPT_INVALID\)$/),
    expect.stringMatching(/^a\.yaml:12:24 actions\.each\.body\.actions\.inner\.postscript: .*\(SCRIPT_INVALID\)$/),
    expect.stringMatching(
      /^a\.yaml:15:\d+ actions\.each\.body\.actions\.inner\.body\.actions\[0\]\.prescript: .*\(SCRIPT_INVALID\)$/,
    ),
  ]);
});

test('wrong shapes', () => {
  const action = { name: 'a', type: 'console', message: '' };
  const faultsOfAction = (more: object) =>
    verify({ name: '/a', actions: [{ ...action, ...more }], flows: [] }).map(formatFault);
  expect(faultsOfAction({ prescript: '' })[0]).toContain('actions[0].prescript: found ""');
  expect(faultsOfAction({ prescript: { text: '1' } })).toEqual([
    'actions[0].prescript.text: unknown key "text"; accepted are language, script (KEY_UNKNOWN)',
    'actions[0].prescript.script: is missing, accepted is text of 1 to 16,384 characters (KEY_MISSING)',
  ]);
  expect(faultsOfAction({ postscript: ['1'] })[0]).toContain('actions[0].postscript: found a list, accepted is text');
  expect(faultsOfAction({ postscript: 1 })[0]).toMatch(/accepted is text .* or an object/);
  expect(faultsOfAction({ postscript: ' '.repeat(scriptLengthMax + 1) })[0]).toContain('16,385 characters');
});

test('without a check scripts are texts; without scripts nothing is read twice', async () => {
  const definition = workflow('/a').script('a', { script: 'let =' }).build();
  expect(verify(definition)).toEqual([]);
  const faults = await withScriptsChecked(check => verify(definition, undefined, check));
  expect(faults.map(formatFault)).toEqual([
    'actions[0].script: line 1, column 5 of the script: SyntaxError: variable name expected (SCRIPT_INVALID)',
  ]);
  let readings = 0;
  await withScriptsChecked(check => {
    readings += 1;
    return verify(workflow('/a').console('a', { message: '' }).build(), undefined, check);
  });
  expect(readings).toBe(1);
});

test('a check survives scripts that bring the interpreter down', async () => {
  const deep = '('.repeat(scriptLengthMax);
  const definition = {
    name: '/a',
    actions: [deep, 'let =', `${deep.slice(2)};`, '1'].map((script, at) => ({
      name: `a${at}`,
      type: 'script',
      script,
      ...(at === 0 ? {} : { prescript: 'flowContext.log(' }),
    })),
    flows: [0, 1, 2].map(at => ({ from: `a${at}`, to: `a${at + 1}` })),
  };
  const faults = await withScriptsChecked(check => verify(definition, undefined, check));
  expect(faults.map(({ code, path }) => `${code} ${path}`)).toEqual([
    'SCRIPT_INVALID actions[0].script',
    'SCRIPT_INVALID actions[1].script',
    'SCRIPT_INVALID actions[1].prescript',
    'SCRIPT_INVALID actions[2].script',
    'SCRIPT_INVALID actions[2].prescript',
    'SCRIPT_INVALID actions[3].prescript',
  ]);
});
