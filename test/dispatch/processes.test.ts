// Process actions with real threads and real programs: what they are given, what they leave, and what ends them.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is substituted is written so

import { existsSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DispatcherOptions } from '../../src/dispatch/contract.js';
import type { Action, Flow, JsonObject } from '../../src/workflow/model.js';
import { compilePlan } from '../../src/workflow/plan.js';
import { type Answer, fixtures, setup, type World } from './setup.js';

const own = mkdtempSync(path.join(tmpdir(), 'millrace-process-'));
let files = 0;
const newFile = (): string => path.join(own, `file${++files}`);

/** `sh -c`: the shell is the program; nothing of ours is one. */
const sh = (script: string, more: object = {}): Action =>
  ({ name: 'run', type: 'process', command: 'sh', arguments: ['-c', script], ...more }) as Action;

async function worldOf(
  actions: Action[],
  flows: Flow[] = [],
  options: Partial<DispatcherOptions> = {},
): Promise<World> {
  const plan = compilePlan({ name: '/test/process', module: 'plain.mjs', actions, flows }, fixtures);
  return setup(plan, { threads: 1, graceMs: 1_000, programs: true, ...options });
}

async function answerTo(
  action: Action,
  input: JsonObject = {},
  options: Partial<DispatcherOptions> = {},
): Promise<Answer> {
  const world = await worldOf([action], [], options);
  return (await world.answersTo([input]))[0]!;
}

/** Until a condition of the world outside holds: it tells nobody. */
async function until(isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isSo(); waitedMs += 20) {
    if (waitedMs > 30_000) throw new Error('it did not come to that');
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** Zombies are dead: somebody else has not looked after them yet. */
function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const pidsIn = (file: string): number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];

describe('a process', () => {
  test('gives its exit code; what it wrote is seen in the transaction, and not stored', async () => {
    const show = {
      name: 'show',
      type: 'process',
      command: 'printf',
      arguments: ['%s', '${RESULT.stdout}|${RESULT.stderr}'],
      keepOutput: true,
    };
    const world = await worldOf([sh('echo out; echo err >&2; exit 3'), show as Action], [{ from: 'run', to: 'show' }]);
    const [answer] = await world.answersTo([{}]);
    expect(answer!.earlier).toEqual([{ exitCode: 3, signal: null, truncated: false }]);
    expect(answer!.value).toEqual({ exitCode: 0, signal: null, truncated: false, stdout: 'out\n|err\n', stderr: '' });
  });

  test('gets each argument as it is, whatever a shell would make of it', async () => {
    const given = ['; id', '$(id)', '`id`', '\n id', '*', '"', "'", '', '--', '-n', '😀', '\\'];
    const action = { name: 'run', type: 'process', command: process.execPath, keepOutput: true };
    const script = 'console.log(JSON.stringify(process.argv.slice(1)))';
    const texts = given.map((_, at) => `\${args[${at}]}`);
    const answer = await answerTo({ ...action, arguments: ['-e', script, '--', ...texts, 'x${n}y', 7] } as Action, {
      args: given,
      n: 5,
    });
    expect(JSON.parse((answer.value as { stdout: string }).stdout)).toEqual([...given, 'x5y', '7']);
  });

  test('has its folder, and an environment that is listed', async () => {
    process.env.MILLRACE_TEST_SECRET = 'secret';
    const answer = await answerTo(
      sh('pwd; env | cut -d= -f1 | sort; echo $GREETING', {
        workingDirectory: '${folder}',
        environment: { GREETING: 'hello ${name}; id' },
        keepOutput: true,
      }),
      { folder: own, name: '$(id)' },
    );
    const lines = (answer.value as { stdout: string }).stdout.trim().split('\n');
    expect(lines[0]).toBe(realpathSync(own));
    expect(lines.at(-1)).toBe('hello $(id); id');
    // Those of the shell's own making too.
    const allowed = ['GREETING', 'HOME', 'LANG', 'OLDPWD', 'PATH', 'PWD', 'SHLVL', 'TMPDIR', 'TZ', '_'];
    expect(lines.slice(1, -1).filter(name => !allowed.includes(name))).toEqual([]);
    expect(lines).toContain('PATH');
  });

  test('reads its input from a text or a file, and writes to files', async () => {
    const [input, out, err] = [newFile(), newFile(), newFile()];
    const world = await worldOf(
      [
        {
          ...sh('cat; echo wrong >&2', { stdin: 'hello ${name}', stdoutFile: '${out}', stderrFile: err }),
          name: 'first',
        },
        sh('cat', { stdinFile: out, keepOutput: true }),
      ],
      [{ from: 'first', to: 'run' }],
    );
    const [answer] = await world.answersTo([{ name: 'you', out, input }]);
    expect(answer!.value).toMatchObject({ stdout: 'hello you' });
    expect(readFileSync(err, 'utf8')).toBe('wrong\n');
  });

  test('that does not read what it is given is not failed by it', async () => {
    const answer = await answerTo(sh('exec <&-; exit 0', { stdin: 'x'.repeat(30_000) }));
    expect(answer.value).toMatchObject({ exitCode: 0 });
  });

  test('fails with the exit codes that are errors, and with no others', async () => {
    const codes = { errorExitCodes: [1, '64-255'], retry: { retries: 0 } };
    expect((await answerTo(sh('exit 2', codes))).value).toMatchObject({ exitCode: 2 });
    const failed = await answerTo(sh('echo it is broken >&2; exit 70', codes));
    expect(failed.error).toMatchObject({
      code: 'ProcessFailed',
      message: '"sh" ended with exit code 70: it is broken',
    });
    const killed = await answerTo(sh('kill -KILL $$', codes));
    expect(killed.error).toMatchObject({ code: 'ProcessFailed', message: '"sh" ended with exit code 137 (SIGKILL)' });
    expect((await answerTo(sh('kill -KILL $$'))).value).toEqual({ exitCode: 137, signal: 'SIGKILL', truncated: false });
  });

  test.each<[string, Action, string, RegExp]>([
    ['a program', { name: 'run', type: 'process', command: 'no-such-program' }, 'ProcessNotStarted', /no such program/],
    ['a folder', sh('true', { workingDirectory: '/no/such' }), 'ProcessNotStarted', /"\/no\/such" is no folder/],
    ['an absolute folder', sh('true', { workingDirectory: '${up}' }), 'ProcessInvalid', /must be absolute/],
    ['an input file', sh('true', { stdinFile: '/no/such' }), 'ProcessFileFailed', /ENOENT/],
    ['an ordinary output file', sh('true', { stdoutFile: '/dev/full' }), 'ProcessFileFailed', /no ordinary file/],
    ['an output file that is no link', sh('true', { stdoutFile: '${link}' }), 'ProcessFileFailed', /it is a link/],
  ])('fails without: %s', async (_, action, code, message) => {
    const link = newFile();
    symlinkSync('/etc/hosts', link);
    const { error } = await answerTo({ ...action, retry: { retries: 0 } } as Action, { up: '../..', link });
    expect(error).toMatchObject({ code });
    expect(error!.message).toMatch(message);
  });

  test('is not run by an engine that was not told to', async () => {
    const file = newFile();
    for (const asynchronous of [false, true]) {
      const { error } = await answerTo(sh(`touch ${file}`, { asynchronous }), {}, { programs: false });
      expect(error).toMatchObject({ code: 'ProgramsDisabled' });
    }
    expect(existsSync(file)).toBe(false);
  });

  test('that writes what is no text leaves text that can be stored', async () => {
    const answer = await answerTo(sh("printf 'a\\0b\\377c\\033[1m'", { keepOutput: true }));
    expect(answer.value).toMatchObject({ stdout: 'a\ufffdb\ufffdc\u001b[1m', truncated: false });
  });
});

describe('output', () => {
  test('of 1 GB stays bounded: the last part is kept', async () => {
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    const answer = await answerTo(sh('yes 0123456789abcdef | head -c 1000000000; echo the end', { keepOutput: true }));
    clearInterval(watch);
    const { stdout, truncated } = answer.value as { stdout: string; truncated: boolean };
    expect(truncated).toBe(true);
    expect(stdout.endsWith('the end\n')).toBe(true);
    expect(stdout.length).toBeGreaterThan(400_000);
    expect(Buffer.byteLength(JSON.stringify(stdout))).toBeLessThanOrEqual(500_000);
    expect(peak - before).toBeLessThan(300_000_000);
  }, 120_000);

  test('that is large in JSON is cut so that RESULT can be stored', async () => {
    const noise = 'head -c 600000 /dev/zero | tr "\\0" "\\001"';
    const answer = await answerTo(sh(`${noise}; (${noise}) >&2`, { keepOutput: true }));
    expect(answer.value).toMatchObject({ truncated: true });
  });

  test('that somebody left behind holds open is not waited for', async () => {
    const file = newFile();
    const answer = await answerTo(sh(`sleep 300 & echo $! > ${file}; echo done`, { keepOutput: true }));
    expect(answer.value).toMatchObject({ exitCode: 0, stdout: 'done\n' });
    const [left] = pidsIn(file);
    expect(lives(left!)).toBe(true);
    process.kill(left!);
  });
});

describe('an end before its time', () => {
  /** Three generations, the last of which heeds no SIGTERM. */
  const family = (file: string): string =>
    `echo $$ >> ${file}; sh -c 'echo $$ >> ${file}; sh -c "trap \\"\\" TERM; echo \\$\\$ >> ${file}; while true; do sleep 1; done" & wait' & wait`;

  test('by its timeout takes the timeout flow, and leaves none of its group', async () => {
    const late: Action = { name: 'late', type: 'call', function: 'double' };
    // All three have begun by then: on a busy machine that takes a longer timeout.
    for (let timeoutMs = 1_000; ; timeoutMs *= 2) {
      const file = newFile();
      const world = await worldOf(
        [sh(family(file), { timeoutMs }), late],
        [{ from: 'run', to: 'late', kind: 'timeout' }],
      );
      const [answer] = await world.answersTo([{ n: 2 }]);
      const pids = pidsIn(file);
      await until(() => !pids.some(lives));
      expect(answer!.exits).toEqual(['timeout', 'normal']);
      expect(world.lost).toEqual([]);
      if (pids.length === 3) return;
    }
  });

  test('that is not asked for is none: it goes on, and nobody waits', async () => {
    const file = newFile();
    const world = await worldOf([
      sh(`echo $$ > ${file}; sleep 300`, { timeoutMs: 300, destroyOn: [], retry: { retries: 0 } }),
    ]);
    const [answer] = await world.answersTo([{}]);
    expect(answer!.error).toMatchObject({ code: 'ActionTimeout' });
    await until(() => pidsIn(file).length === 1);
    const [pid] = pidsIn(file);
    expect(lives(pid!)).toBe(true);
    await world.dispatcher.stop(0);
    await until(() => !lives(pid!));
  });

  test.each([
    ['when its context is withdrawn, it being told to', ['interrupt'], false],
    ['not when its context is withdrawn otherwise', ['timeout', 'signal'], true],
  ] as const)('%s', async (_, destroyOn, goesOn) => {
    const [file, gate] = [newFile(), newFile()];
    const world = await worldOf([
      sh(`echo $$ > ${file}; while [ ! -e ${gate} ]; do sleep 0.05; done; exit 4`, {
        destroyOn,
        retry: { retries: 0 },
      }),
    ]);
    const batch = world.run([{}]);
    await until(() => pidsIn(file).length === 1);
    world.dispatcher.withdraw(batch, [{ part: 0, index: 0 }], 'withdrawn');
    if (goesOn) writeFileSync(gate, '');
    await world.until(() => world.answers.size === 1);
    const [answer] = world.answers.values();
    if (goesOn) expect(answer!.value).toMatchObject({ exitCode: 4 });
    else expect(answer!.error).toMatchObject({ code: 'ContextWithdrawn' });
    const [pid] = pidsIn(file);
    await until(() => !lives(pid!));
  });

  test.each([
    [
      'by a signal that its action monitors, whatever its error flow',
      { monitor: ['stop'], destroyOn: ['signal'] },
      true,
    ],
    ['not by a signal that it does not monitor', { destroyOn: ['signal'] }, false],
    ['not by a signal when that is not asked for', { monitor: ['stop'], destroyOn: ['timeout', 'interrupt'] }, false],
  ])('%s', async (_, more, ends) => {
    const [file, gate] = [newFile(), newFile()];
    const script = `echo $$ > ${file}; while [ ! -e ${gate} ]; do sleep 0.05; done; exit 4`;
    const mend: Action = { name: 'mend', type: 'call', function: 'double' };
    const world = await worldOf([sh(script, more), mend], [{ from: 'run', to: 'mend', kind: 'error' }]);
    const batch = world.run([{}]);
    await until(() => pidsIn(file).length === 1);
    world.dispatcher.withdraw(batch, [{ part: 0, index: 0 }], 'signalled');
    if (!ends) writeFileSync(gate, '');
    await world.until(() => world.answers.size === 1);
    const [answer] = world.answers.values();
    if (ends) expect(answer).toMatchObject({ error: { code: 'SignalRaised' }, path: [0] });
    else expect(JSON.stringify(answer!.value)).toContain('"exitCode":4');
    const [pid] = pidsIn(file);
    await until(() => !lives(pid!));
  });

  test('with the engine, whatever it is told: nothing of it is left', async () => {
    const file = newFile();
    const world = await worldOf([sh(family(file), { destroyOn: [] })]);
    world.run([{}]);
    await until(() => pidsIn(file).length === 3);
    await world.dispatcher.stop(0);
    await until(() => !pidsIn(file).some(lives));
    expect(world.answers.size).toBe(0);
  });

  test('with its thread, when that is lost', async () => {
    const file = newFile();
    const world = await worldOf([sh(`echo $$ >> ${file}; sleep 300`)], [], { graceMs: 200, blockedMs: 500 });
    const spin: Action = { name: 'spin', type: 'call', function: 'loop', retry: { retries: 0 } };
    const plan = { name: '/test/spin', module: 'harmful.mjs', actions: [spin], flows: [] };
    world.dispatcher.define(2, compilePlan(plan, fixtures));
    world.run([{}]);
    await until(() => pidsIn(file).length === 1);
    world.run([{ harmful: true }], { workflow: 2 });
    await world.until(() => world.lost.length > 0);
    const [first] = pidsIn(file);
    await until(() => !lives(first!));
  });
});

test('an asynchronous process is let go: RESULT is its pid, and no stop ends it', async () => {
  const file = newFile();
  const world = await worldOf([sh('sleep 300', { asynchronous: true, stdoutFile: file })]);
  const [answer] = await world.answersTo([{}]);
  const { pid } = answer!.value as { pid: number };
  await world.dispatcher.stop(0);
  expect(lives(pid)).toBe(true);
  process.kill(-pid, 'SIGKILL');
  await until(() => !lives(pid));
});
