// What a script can do with its flow context, and what its value is.

import { describe, expect, test } from 'vitest';
import { logLinesMax, outputCharactersMax } from '../../src/script/contract.js';
import { Recorder, Scripts } from './setup.js';

const scripts = new Scripts();

describe('the value of a script', () => {
  test.each([
    ['1 + 1', 2],
    ['const list = [1, 2]; list.map(n => n * 2)', [2, 4]],
    ['if (true) { "yes" } else { "no" }', 'yes'],
    ['', null],
    ['let x = 1;', null],
    ['undefined', null],
    ['({ a: undefined, b: [undefined, Number.NaN] })', { b: [null, null] }],
    ['new Date(0)', '1970-01-01T00:00:00.000Z'],
    ['"a\\u0000b"', 'a\u0000b'],
    ['"\\ud83d\\ude00"', '😀'],
    ['JSON.parse(\'{"__proto__": 1}\')', JSON.parse('{"__proto__": 1}')],
  ])('%s', async (text, value) => expect(await scripts.value(text)).toEqual(value));

  test.each([
    ['() => 1', 'a function is not JSON'],
    ['({ inner: [Symbol("x")] })', 'a symbol is not JSON'],
    ['10n', 'BigInt'],
    ['const o = {}; o.o = o; o', 'circular'],
    ['({ get inner() { throw new Error("mine") } })', 'Error: mine'],
    ['new Proxy({}, { ownKeys() { throw new Error("mine") } })', 'Error: mine'],
    ['({ toJSON() { throw new Error("mine") } })', 'Error: mine'],
    ['Promise.resolve(1)', 'a promise is not JSON'],
    ['(async () => 1)()', 'a promise is not JSON'],
  ])('%s is not JSON', async (text, why) => {
    expect(await scripts.fault(text)).toMatch(/^ScriptResultNotJson /);
    expect(await scripts.fault(text)).toContain(why);
  });
});

describe('flowContext', () => {
  test('knows its place', async () => {
    const text = '({ ...flowContext, variables: null })';
    expect(
      await scripts.value(`const { workflow, instance, user, action, attempt } = flowContext; ${text}.workflow;
      [workflow, instance, user, action, attempt]`),
    ).toEqual(['/test/scripts', 'instance-1', 'ann', 'here', 2]);
  });

  test('gives variables, own ones only', async () => {
    const variables = JSON.parse('{"n": 1, "list": [{"a": null}], "__proto__": {"z": 1}, "é😀": "ü"}') as object;
    const value = (text: string) => scripts.value(text, new Recorder(variables));
    expect(await value('[flowContext.get("n"), flowContext.variables.list[0].a, flowContext.get("é😀")]')).toEqual([
      1,
      null,
      'ü',
    ]);
    expect(
      await value('["constructor", "toString", "hasOwnProperty", "missing"].map(name => flowContext.get(name))'),
    ).toEqual([null, null, null, null]);
    expect(await value('[typeof flowContext.variables.constructor, typeof flowContext.variables.toString]')).toEqual([
      'undefined',
      'undefined',
    ]);
    expect(await value('[flowContext.get("__proto__").z, ({}).z === undefined]')).toEqual([1, true]);
  });

  test('takes variables, sees what it took, and shares no objects', async () => {
    const recorder = new Recorder({ n: 1 });
    const text = `const order = { lines: [1] };
      flowContext.set('order', order);
      order.lines.push(2);
      flowContext.set('n', flowContext.get('n') + 1);
      flowContext.set('__proto__', 3);
      flowContext.setWorkflow('total', { sum: 7 });
      [flowContext.get('order'), flowContext.get('n'), flowContext.get('total').sum, flowContext.get('__proto__')]`;
    expect(await scripts.value(text, recorder)).toEqual([{ lines: [1] }, 2, 7, 3]);
    expect(recorder.written).toMatchObject({ order: { lines: [1] }, n: 2 });
    expect(recorder.shared).toEqual({ total: { sum: 7 } });
  });

  test('what is refused outside is an error within, of the script’s own realm', async () => {
    const text = `try { flowContext.set('RESULT', 1) } catch (error) {
      [error instanceof TypeError, error.message, error.constructor.constructor('return this')() === globalThis]
    }`;
    expect(await scripts.value(text)).toEqual([true, '"RESULT" cannot be the name of a variable', true]);
    expect(await scripts.fault('\n  flowContext.set("RESULT", 1)')).toBe(
      'ScriptFailed 2:18 TypeError: "RESULT" cannot be the name of a variable',
    );
    expect(await scripts.fault('flowContext.set("f", () => 1)')).toContain('a function is not JSON');
  });

  test('what was written before an error stays written', async () => {
    const recorder = new Recorder();
    await scripts.fault('flowContext.set("a", 1); null.x', recorder);
    expect(recorder.written).toEqual({ a: 1 });
  });

  test('logs and tells the audit trail, whatever it is given', async () => {
    const recorder = new Recorder();
    await scripts.value(
      'flowContext.log("hi"); flowContext.log({}); flowContext.sendToAuditTrail("name", 7)',
      recorder,
    );
    expect(recorder.logged).toEqual(['hi', '[object Object]']);
    expect(recorder.events).toEqual([['name', '7']]);
  });

  test('lines beyond the most are counted', async () => {
    const recorder = new Recorder();
    await scripts.value(`for (let n = 0; n < ${logLinesMax + 5}; n++) flowContext.log(n)`, recorder);
    expect(recorder.logged).toHaveLength(logLinesMax + 1);
    expect(recorder.logged.at(-1)).toBe('5 more lines of the script were not logged');
  });

  test('what a run writes and returns is bounded together', async () => {
    const half = `"x".repeat(${outputCharactersMax / 2 - 100})`;
    expect(await scripts.value(`flowContext.set("a", ${half}); ${half}.length`)).toBe(outputCharactersMax / 2 - 100);
    expect(await scripts.fault(`for (const n of [1, 2, 3]) flowContext.set("a", ${half})`)).toMatch(
      /^ScriptFailed .*RangeError: a script may write and return 1048576 characters of JSON$/,
    );
    expect(await scripts.fault(`flowContext.set("a", ${half}); ${half} + "x".repeat(1000)`)).toMatch(
      /^ScriptResultTooLarge /,
    );
  });

  test('cannot be replaced, changed or taken away', async () => {
    for (const text of ['flowContext = 1', 'flowContext.get = 1', 'delete globalThis.flowContext']) {
      expect(await scripts.fault(text)).toMatch(/^ScriptFailed .*TypeError/);
    }
  });
});

test('an error has its name, message and line', async () => {
  expect(await scripts.fault('\n\n  null.x')).toBe("ScriptFailed 3:7 TypeError: cannot read property 'x' of null");
  expect(await scripts.fault('function f() {\n throw new RangeError("mine") }\nf()')).toMatch(
    /^ScriptFailed 2:\d+ RangeError: mine$/,
  );
  expect(await scripts.fault('undeclared = 1')).toContain("ReferenceError: 'undeclared' is not defined");
  expect(await scripts.fault('throw 5')).toBe('ScriptFailed - 5 was thrown');
  expect(await scripts.fault('throw null')).toBe('ScriptFailed - null was thrown');
  expect(await scripts.fault('throw {}')).toBe('ScriptFailed - an object without a message was thrown');
});

test('a text that is no script is told with line and column, and is not run', async () => {
  await scripts.language.ready();
  const { language } = scripts;
  expect(language.check('flowContext.log("x"); for (;;);')).toBeNull();
  expect(language.check('const a = 1;\nlet b = (2;')).toEqual({
    message: "SyntaxError: expecting ')'",
    line: 2,
    column: 11,
  });
  for (const text of ['return 1', 'import x from "y"', 'export default 1', 'await 1', 'with (a) b', 'let x; let x']) {
    expect(language.check(text), text).not.toBeNull();
  }
});
