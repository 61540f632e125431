// Scripts that want out, or want everything: none reaches anything of ours, none lasts, none harms the next one.

import { describe, expect, test } from 'vitest';
import { Recorder, Scripts } from './setup.js';

/** Time enough for what fills memory on a busy machine; nothing here depends on how fast anything is. */
const scripts = new Scripts({ timeoutMs: 20_000 });
/** For what ends by its time. */
const hasty = new Scripts({ timeoutMs: 50 });

describe('ways out', () => {
  const outside =
    'return typeof process + typeof require + typeof globalThis.fetch + typeof setTimeout + typeof console + typeof WebAssembly';
  const none = 'undefined'.repeat(6);

  test.each([
    `this.constructor.constructor('${outside}')()`,
    `flowContext.constructor.constructor('${outside}')()`,
    `flowContext.get.constructor('${outside}')()`,
    `flowContext.log.__proto__.constructor('${outside}')()`,
    `Object.getPrototypeOf(async function () {}).constructor('${outside}') && Function('${outside}')()`,
    `eval('(function () { ${outside} })()')`,
    `(0, eval)('(function () { ${outside} })()')`,
    `try { flowContext.set('RESULT', 1) } catch (e) { e.constructor.constructor('${outside}')() }`,
    `Reflect.construct(Function, ['${outside}'])()`,
  ])('%s', async text => expect(await scripts.value(text)).toBe(none));

  test('the globals are those of the language and flowContext', async () => {
    const globals = (await scripts.value('Object.getOwnPropertyNames(globalThis)')) as string[];
    const foreign = globals.filter(name => !(name in globalThis) && name !== 'Iterator' && !/^Float16/.test(name));
    expect(foreign.sort()).toEqual(['InternalError', 'flowContext']);
    expect(globals).not.toContain('Atomics');
  });

  test('nothing can be imported', async () => {
    const recorder = new Recorder();
    await scripts.value('import("node:fs").then(fs => flowContext.set("fs", 1)); 1', recorder);
    expect(recorder.written).toEqual({});
  });

  test('nothing leads from flowContext to what lies behind it', async () => {
    const text = `const seen = new Set(); const open = [flowContext]; const kinds = new Set();
      while (open.length > 0) {
        const at = open.pop();
        if ((typeof at !== 'object' && typeof at !== 'function') || at === null || seen.has(at)) continue;
        seen.add(at);
        for (const key of Reflect.ownKeys(at)) {
          kinds.add(String(key));
          const { value, get, set } = Object.getOwnPropertyDescriptor(at, key);
          open.push(value, get, set);
        }
        open.push(Object.getPrototypeOf(at));
      }
      [...kinds].filter(key => /outside|finish|describe|host|node/i.test(key))`;
    expect(await scripts.value(text)).toEqual([]);
  });

  test('what a script does to the language harms itself alone', async () => {
    const recorder = new Recorder({ n: 1 });
    const text = `JSON.stringify = () => '"forged"'; JSON.parse = () => ({ n: 2 });
      String.prototype.slice = () => { throw 1 }; Function.prototype.call = Function.prototype.bind = () => { throw 1 };
      Object.defineProperty = Object.hasOwn = () => { throw 1 };
      Object.prototype.set = Object.prototype.get = 1; Array.prototype[Symbol.iterator] = () => { throw 1 };
      flowContext.set('a', flowContext.get('n')); flowContext.log('x'); 5`;
    expect(await scripts.value(text, recorder)).toBe(5);
    expect([recorder.written, recorder.logged]).toEqual([{ a: 1 }, ['x']]);
    expect(await scripts.value('JSON.stringify([1].slice())')).toBe('[1]');
  });
});

describe('limits', () => {
  test.each([
    'for (;;);',
    'while (true) { try { for (;;); } catch {} finally { continue } }',
    '/^(a+)+$/.test("a".repeat(40) + "b")',
    '({ get a() { for (;;); } })',
    '({ toJSON() { for (;;); } })',
    'new Proxy({}, { ownKeys() { for (;;); } })',
    'throw { get message() { for (;;); } }',
    'throw new Proxy(new Error("x"), { get() { for (;;); } })',
    'eval("for (;;);")',
    'const p = Promise.resolve(); for (;;) p',
    '[3, 2, 1].sort(() => { for (;;); })',
    'function* g() { for (;;) yield 1 } for (const x of g());',
  ])('%s ends by its time', async text =>
    expect(await hasty.fault(text)).toBe('ScriptTimeout - the script did not end within 50 ms'),
  );

  test.each([
    'const hoard = []; for (;;) hoard.push({ a: 1, b: [1, 2, 3] })',
    'globalThis.hoard = []; for (;;) hoard.push("x".repeat(10000) + hoard.length)',
    'new ArrayBuffer(2 ** 30)',
    'const hoard = []; for (;;) hoard.push(new Uint8Array(1000000))',
    '"x".repeat(8000000).split("")',
    'let f = () => 1; for (;;) f = f.bind(null)',
    'const [...all] = { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }) }) }',
    'Math.max(...Array(1000000).fill(1))',
    'let p = {}; for (;;) p = Object.create(new Proxy(p, {}))',
    '"a".repeat(10000).replaceAll("a", "b".repeat(10000))',
  ])('%s ends by its memory', async text =>
    expect(await scripts.fault(text)).toBe('ScriptOutOfMemory - the script filled its memory of 16 MB'),
  );

  test.each([
    'function f() { return f() + 1 } f()',
    'const o = {}; o.toString = () => "" + o; "" + o',
    'function* g() { yield* g() } [...g()]',
    'JSON.parse("[".repeat(1000000))',
    'let o = []; for (let n = 0; n < 100000; n++) o = [o]; JSON.stringify(o)',
    'let o = []; for (let n = 0; n < 100000; n++) o = [o]; o',
    'eval("(".repeat(100000))',
    'eval("-".repeat(1000000) + "1")',
    'eval("{".repeat(100000))',
    'eval("`${".repeat(100000))',
    'new RegExp("(?:".repeat(100000) + ")".repeat(100000))',
    'let p = {}; for (let n = 0; n < 20000; n++) p = new Proxy(p, {}); p.x',
    'JSON.parse("[".repeat(5000) + "]".repeat(5000)); eval("1?".repeat(100000))',
  ])('%s ends by its stack, or with its interpreter', async text =>
    expect(await scripts.fault(text)).toMatch(
      /^Script(Failed .*(stack overflow|too many)|Aborted - |OutOfMemory |ResultNotJson .*stack overflow)/,
    ),
  );

  test('texts that are nested too deep are faults, not crashes', async () => {
    for (const pair of ['()', '[]', '{}', '!', '-']) {
      await scripts.language.ready();
      const fault = scripts.language.check(pair[0]!.repeat(16_000) + (pair[1] ?? '').repeat(16_000));
      expect(fault, pair).not.toBeNull();
    }
    expect(await scripts.value('1')).toBe(1);
  });

  test('big strings, numbers and calls end in errors of their own', async () => {
    for (const text of [
      'let s = "x"; for (;;) s += s',
      '2n ** 20000000n',
      'String.fromCharCode.apply(null, { length: 10000000 })',
      '"".padStart(2 ** 29)',
    ]) {
      expect(await scripts.fault(text)).toMatch(/^Script(Failed|OutOfMemory)/);
    }
  });

  test('a memory of its own size', async () => {
    const text = 'const hoard = []; for (let n = 0; n < 20; n++) hoard.push(new Uint8Array(1000000)); hoard.length';
    expect(await scripts.fault(text)).toMatch(/^ScriptOutOfMemory/);
    expect(await new Scripts({ memoryMb: 48 }).value(text)).toBe(20);
  });
});

describe('one run after another', () => {
  const traces = `globalThis.left = 1; Object.prototype.left = 1; Array.prototype.push = () => 'left';
    flowContext.variables.left = 1; Promise.resolve().then(() => flowContext.set('late', 1));
    new FinalizationRegistry(() => flowContext.set('late', 1)).register({}, 1); Symbol.for('left').description`;
  const look = `[typeof left, ({}).left === undefined, [].push(1), flowContext.get('left') === undefined]`;

  test('sees nothing of it, and its jobs never run', async () => {
    const recorder = new Recorder();
    await scripts.value(traces, recorder);
    for (let n = 0; n < 3; n++) expect(await scripts.value(look)).toEqual(['undefined', true, 1, true]);
    expect(recorder.written).toEqual({});
  });

  test('sees nothing of one that was ended, filled its memory or brought its interpreter down', async () => {
    // What has time enough on a busy machine, and loops until that is up.
    const patient = new Scripts({ timeoutMs: 3_000 });
    for (const [text, own] of [
      ['for (;;);', patient],
      ['globalThis.hoard = []; for (;;) hoard.push({ hoard })', scripts],
      ['JSON.parse("[".repeat(1000000))', scripts],
      ['throw new Error()', scripts],
    ] as const) {
      for (let n = 0; n < (own === patient ? 1 : 3); n++) {
        await own.fault(`globalThis.left = 1; Object.prototype.left = 1; ${text}`);
        expect(await own.value(look)).toEqual(['undefined', true, 1, true]);
      }
    }
  });

  test('thousands of them keep their memory', async () => {
    await scripts.language.ready();
    for (let n = 0; n < 3_000; n++) {
      const outcome = scripts.language.run(
        'const a = Array(10000).fill(0); flowContext.set("a", 1); flowContext.get("a")',
        new Recorder(),
      );
      if (!outcome.ok) throw new Error(`run ${n}: ${outcome.code}`);
    }
  });
});
