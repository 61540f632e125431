// One folder, several processes: D1 to D4 of `src/store/pglite/shared/folder.ts`, N1 and N2 of `listener.ts`, and the
// contract's suite on a client of another process.

import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/observe/clock.js';
import type { SqlCall } from '../../src/store/driver.js';
import { PortClient } from '../../src/store/pglite/port-client.js';
import { connectToHolder } from '../../src/store/pglite/shared/connect.js';
import { openSharedFolder, type SharedFolder, type SharedFolderOptions } from '../../src/store/pglite/shared/folder.js';
import { FrameSocket } from '../../src/store/pglite/shared/frame-socket.js';
import { FrameReader, frameHead } from '../../src/store/pglite/shared/frames.js';
import { type Terms, termsOf } from '../../src/store/pglite/shared/hello.js';
import { frameBytesMax } from '../../src/store/pglite/shared/messages.js';
import { SocketPaths } from '../../src/store/pglite/socket-path.js';
import type { ForeignChannel } from '../../src/store/pglite/store-server.js';
import { SqlStore } from '../../src/store/sql-store.js';
import { textRows } from '../../src/store/text-rows.js';
import { measureCall, writeCall } from '../../src/store/wire.js';
import { auditEvents } from '../../src/workflow/events.js';
import { standStill } from '../servers/standstill.js';
import { nothing, rootOf, segmentOf, storeConformance } from './conformance.js';
import { driverConformance } from './driver-conformance.js';
import { type Child, freshFolder, insert, startChild, startChildOfFile } from './setup.js';

/** 3 s, and what a busy machine takes: opening the database is most of it. */
const takeoverMsMax = 3_000 + 12_000;

const table = 'create table if not exists t (id int4 primary key, v text)';

/** Opens the folder, says its roles, closes it when it is told to. */
const shares = `
  const home = await openSharedFolder({ folder: argument, onRole: role => say('role ' + role) });
  await home.script('${table}');
  say('ready');
  process.stdin.on('data', async () => { await home.close(); say('left'); process.exit(); });`;

/** The same, and stores 0, 1, 2 ..., saying each when it is acknowledged. */
const sharesAndStores = `${shares}
  const statement = { name: 'insert', text: 'insert into t values ($1::int4, $2::text)' };
  for (let id = 0; home.role !== 'closed'; id++) {
    for (;;) {
      try {
        await home.transaction([{ statement, parameters: [String(id), 'child'] }]);
      } catch (error) {
        if (error.code === 'STORE_UNAVAILABLE') continue;
        if (error.code !== '23505') break; // closed
      }
      say('stored ' + id);
      break;
    }
  }`;

async function holderOf(folder: string, program = shares): Promise<Child> {
  const child = startChild(program, folder);
  expect(await child.line()).toBe('role holder');
  expect(await child.line()).toBe('ready');
  return child;
}

function unlessThere(error: { code?: string }): void {
  if (error.code !== '23505') throw error;
}

async function join(folder: string, options: Partial<SharedFolderOptions> = {}): Promise<SharedFolder> {
  const home = await openSharedFolder({ ...options, folder });
  onTestFinished(() => home.close());
  return home;
}

function storeOn(home: SharedFolder): Promise<SqlStore> {
  const keptMs = 7 * 86_400_000;
  const nowMs = systemClock.nowMs();
  return SqlStore.open(home, home.info, { historyMs: keptMs, auditMs: keptMs }, auditEvents, nowMs);
}

async function ask(home: SharedFolder, text: string, readOnly = false): Promise<(string | null)[][]> {
  const call: SqlCall = { statement: { name: text, text }, parameters: [], results: 'text' };
  const [rows] = await home.transaction([call], { readOnly });
  return textRows(rows!);
}

/** Answers of the store, however often it must be asked. */
async function surely<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if ((error as { code?: string }).code !== 'STORE_UNAVAILABLE') throw error;
    }
  }
}

/** Commits one root after the other until told to stop; those that were acknowledged, and the longest wait. */
function commits(store: SqlStore): {
  stop(): Promise<{ roots: string[]; longestMs: number }>;
  readonly count: number;
  readonly isOver: boolean;
} {
  const roots: string[] = [];
  let longestMs = 0;
  let goesOn = true;
  const done = (async () => {
    while (goesOn) {
      const root = rootOf(2);
      const audit = [{ root: root.id, atMs: 1, trace: '[]', events: 0 }];
      const commit = { ...nothing(), roots: [root], segments: [segmentOf(root, [0, 1])], audit };
      const startedMs = performance.now();
      expect((await surely(() => store.commit(commit))).kind).toBe('committed');
      longestMs = Math.max(longestMs, performance.now() - startedMs);
      roots.push(root.id);
    }
  })();
  return {
    async stop() {
      goesOn = false;
      await done;
      return { roots, longestMs };
    },
    get count() {
      return roots.length;
    },
    get isOver() {
      return !goesOn;
    },
  };
}

/** Each root is there, with its one row of audit: nothing acknowledged is lost, nothing was applied twice. */
async function expectOnce(home: SharedFolder, roots: readonly string[]): Promise<void> {
  const rows = await ask(
    home,
    `select root::text from millrace_audit where root is not null group by root having count(*) = 1
     intersect select root::text from millrace_segment group by root having count(*) = 1
     intersect select root::text from millrace_body`,
  );
  const once = new Set(rows.map(([root]) => root));
  expect(roots.filter(root => !once.has(root))).toEqual([]);
  expect(await ask(home, 'select count(*) - count(distinct root) from millrace_audit')).toEqual([['0']]);
}

/** Ids a child has said it stored, up to now. */
function storedBy(child: Child): { readonly ids: number[]; readonly lines: string[] } {
  const said = { ids: [] as number[], lines: [] as string[] };
  void (async () => {
    for (let line = await child.line(); line !== null; line = await child.line()) {
      if (line.startsWith('stored ')) said.ids.push(Number(line.slice(7)));
      else said.lines.push(line);
    }
  })();
  return said;
}

const suiteFolder = fs.mkdtempSync('/tmp/millrace-shared-');
const suiteHolder = startChildOfFile(shares, suiteFolder);
afterAll(async () => {
  await suiteHolder.kill();
  fs.rmSync(suiteFolder, { recursive: true, force: true });
});
storeConformance('client of another process', async () => {
  for (const line of ['role holder', 'ready']) expect(await suiteHolder.line()).toBe(line);
  return storeOn(await openSharedFolder({ folder: suiteFolder }));
});

driverConformance('client of another process', async () => {
  const home = await join(suiteFolder);
  await home.script(`drop table t cascade; ${table}`);
  return home;
});

describe('serving', () => {
  test('an acknowledgement to a client comes after an fsync of the holder', async () => {
    const folder = freshFolder();
    await holderOf(folder);
    const home = await join(folder);
    expect(home.role).toBe('client');
    for (let id = 0; id < 5; id++) {
      const { syncs } = await home.figures();
      await home.transaction([insert(id)]);
      expect((await home.figures()).syncs).toBe(syncs + 1);
    }
    expect(await home.diskBytes()).toBeGreaterThan(1_000_000);
  });

  test('the holder serves while its main loop is blocked', async () => {
    const folder = freshFolder();
    const block = `process.stdin.removeAllListeners('data').once('data', () => { say('blocked'); for (;;); });`;
    const child = startChild(`${shares} ${block}`, folder);
    for (const line of ['role holder', 'ready']) expect(await child.line()).toBe(line);
    const home = await join(folder);
    child.process.stdin!.write('block\n');
    expect(await child.line()).toBe('blocked');
    await home.transaction([insert(1)]);
    expect(await ask(home, 'select id from t')).toEqual([['1']]);
  });

  test('two clients and the holder commit at once; a statement that fails fails alone', async () => {
    const folder = freshFolder();
    const holder = storedBy(await holderOf(folder, sharesAndStores));
    const homes = [await join(folder), await join(folder)];
    const settled = await Promise.allSettled(
      homes.flatMap((home, at) =>
        Array.from({ length: 300 }, (_, n) => home.transaction([insert(-1 - n, at === 0 ? 'a' : 'b')])),
      ),
    );
    // Both ask for the same ids: one of the two gets each.
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBe(300);
    expect(await ask(homes[0]!, 'select count(*) from t where id < 0')).toEqual([['300']]);
    await vi.waitFor(() => expect(holder.ids.length).toBeGreaterThan(10), 30_000);
  });

  test('what is too large for the socket is refused as the database refuses it, and the connection stays', async () => {
    const folder = freshFolder();
    await holderOf(folder);
    const home = await join(folder);
    await expect(home.transaction([insert(1, 'x'.repeat(65 * 1024 * 1024))])).rejects.toMatchObject({ code: '54000' });
    // A text may be too large as well; what was asked beside it is carried out.
    const long = `select 1 -- ${'x'.repeat(65 * 1024 * 1024)}`;
    const calls: SqlCall[] = ['select 2', long, 'select 3'].map(text => ({
      statement: { name: `query ${text.slice(0, 12)}`, text },
      parameters: [],
    }));
    const settled = await Promise.allSettled(calls.map(call => home.transaction([call])));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(ask(home, `select repeat('x', 65 * 1024 * 1024)`)).rejects.toMatchObject({ code: '54000' });
    await home.transaction([insert(1, 'x'.repeat(9 * 1024 * 1024))]);
    expect(await ask(home, 'select id, length(v) from t')).toEqual([['1', String(9 * 1024 * 1024)]]);
  });

  test('another durability and another version are refused, with who holds the store', async () => {
    const folder = freshFolder();
    const { pid } = (await holderOf(folder)).process;
    await expect(openSharedFolder({ folder, durability: 'relaxed' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining(`pid ${pid} with durability "strict"`),
    });
    const paths = new SocketPaths(folder);
    onTestFinished(() => paths.close());
    const other: Terms = { ...termsOf('strict'), schema: 'another' };
    expect(await connectToHolder(paths, other, systemClock, new AbortController().signal)).toMatchObject({
      kind: 'refused',
      error: { code: 'STORE_LOCKED', message: expect.stringContaining(`pid ${pid}, of another version`) },
    });
  });

  test('one who holds the folder and does not share it is told of, after the wait', async () => {
    const folder = freshFolder();
    const alone = startChild(
      `await openPgliteFolder({ folder: argument }); say('open'); setInterval(() => {}, 1e6);`,
      folder,
    );
    expect(await alone.line()).toBe('open');
    await expect(openSharedFolder({ folder, waitMs: 300 })).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(`pid ${alone.process.pid}`),
    });
  });

  test('a folder with a long path is shared too; its socket is for its owner alone', async () => {
    const folder = path.join(freshFolder(), 'long'.repeat(40));
    const [first, second] = [await join(folder), await join(folder)];
    expect([first.role, second.role]).toEqual(['holder', 'client']);
    const sockets = fs.readdirSync(folder).filter(name => name.startsWith('millrace.sock.store'));
    expect(sockets).toEqual(['millrace.sock.store']);
    expect(fs.statSync(path.join(folder, 'millrace.sock.store')).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(folder).filter(name => name.includes('draft'))).toEqual([]);
  });
});

describe('who keeps house', () => {
  test('the holder alone; a client follows the rotation', async () => {
    const folder = freshFolder();
    const [holder, client] = [await join(folder), await join(folder)];
    const nowMs = systemClock.nowMs();
    const open = (home: SharedFolder): Promise<SqlStore> =>
      SqlStore.open(home, home.info, { historyMs: 6_000, auditMs: 6_000 }, auditEvents, nowMs);
    const [ours, theirs] = [await open(holder), await open(client)];
    expect((await theirs.keepHouse(nowMs + 1_000)).rotated).toEqual([]);
    expect((await ours.keepHouse(nowMs + 1_000)).rotated).toEqual(['history', 'audit']);
    const root = rootOf(1);
    const audit = [{ root: root.id, atMs: 1, trace: '[]', events: 0 }];
    await theirs.commit({ ...nothing(), roots: [root], segments: [segmentOf(root, [0])], audit });
    expect(
      await ask(client, 'select generation from millrace_body union all select generation from millrace_audit'),
    ).toEqual([['1'], ['1']]);
    // The next holder goes on where this one was.
    await holder.close();
    await surely(() => client.transaction([{ statement: { name: 'one', text: 'select 1' }, parameters: [] }]));
    expect(client.role).toBe('holder');
    expect((await theirs.keepHouse(nowMs + 1_500)).rotated).toEqual([]);
    expect((await theirs.keepHouse(nowMs + 2_000)).rotated).toEqual(['history', 'audit']);
    expect(await ask(client, 'select slot from millrace_generation where is_current')).toEqual([['2'], ['2']]);
  });
});

describe('the holder goes', () => {
  test('killed in the middle of commits: nothing acknowledged is lost, nothing twice, the next within 3 s', async () => {
    const folder = freshFolder();
    const holder = await holderOf(folder);
    const other = startChild(sharesAndStores, folder);
    const said = storedBy(other);
    const home = await join(folder);
    const running = commits(await storeOn(home));
    // Reads are never refused: they are asked again.
    const reading = (async () => {
      for (let reads = 0; ; reads++) {
        await ask(home, 'select count(*) from millrace_segment', true);
        if (running.isOver) return reads;
      }
    })();
    await vi.waitFor(() => {
      expect(running.count).toBeGreaterThan(30);
      expect(said.ids.length).toBeGreaterThan(30);
    }, 30_000);
    const before = { ours: running.count, theirs: said.ids.length };
    await holder.kill();
    await vi.waitFor(() => {
      expect(running.count).toBeGreaterThan(before.ours + 30);
      expect(said.ids.length).toBeGreaterThan(before.theirs + 30);
    }, 30_000);
    const { roots, longestMs } = await running.stop();
    expect(longestMs).toBeLessThan(takeoverMsMax);
    expect(await reading).toBeGreaterThan(0);
    await expectOnce(home, roots);
    const ids = (await ask(home, 'select id from t order by id')).map(([id]) => Number(id));
    expect(said.ids.filter(id => !ids.includes(id))).toEqual([]);
    expect([`role ${home.role}`, said.lines.at(-1)].sort()).toEqual(['role client', 'role holder']);
  });

  test('again and again, each time another takes over', async () => {
    const folder = freshFolder();
    const children = [await holderOf(folder), startChild(shares, folder), startChild(shares, folder)];
    const home = await join(folder);
    await home.transaction([insert(0)]);
    for (const [at, child] of children.entries()) {
      await child.kill();
      // (One may be the row of an attempt before, whose answer was lost.)
      await surely(() => home.transaction([insert(at + 1)]).catch(unlessThere));
    }
    expect(home.role).toBe('holder');
    expect((await ask(home, 'select id from t order by id')).flat()).toEqual(['0', '1', '2', '3']);
  });

  test('a graceful close answers what was asked and hands over', async () => {
    const folder = freshFolder();
    const holder = await holderOf(folder);
    const home = await join(folder);
    const running = commits(await storeOn(home));
    await vi.waitFor(() => expect(running.count).toBeGreaterThan(20), 30_000);
    holder.process.stdin!.write('leave\n');
    for (const line of ['role closed', 'left']) expect(await holder.line()).toBe(line);
    await vi.waitUntil(() => home.role === 'holder', { timeout: takeoverMsMax });
    const before = running.count;
    await vi.waitFor(() => expect(running.count).toBeGreaterThan(before + 20), 30_000);
    const { roots, longestMs } = await running.stop();
    expect(longestMs).toBeLessThan(takeoverMsMax);
    await expectOnce(home, roots);
  });

  test('stopped: nobody takes over, calls are refused after the wait; continued: all goes on', async () => {
    const folder = freshFolder();
    const holder = await holderOf(folder);
    const home = await join(folder, { waitMs: 400 });
    await home.transaction([insert(1)]);
    await standStill(holder.process);
    const startedMs = performance.now();
    await expect(home.transaction([insert(2)])).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('whether this call was carried out is not known'),
    });
    expect(performance.now() - startedMs).toBeGreaterThan(390);
    await expect(openSharedFolder({ folder, waitMs: 200 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(home.role).toBe('client');
    holder.process.kill('SIGCONT');
    await surely(() => home.transaction([insert(3)]));
    // What was refused meanwhile had been sent: it was carried out.
    expect(await ask(home, 'select id from t order by id')).toEqual([['1'], ['2'], ['3']]);
  });

  test('its thread alone dies: it seeks like everybody, and what was sent is refused', async () => {
    const folder = freshFolder();
    const [first, second] = [await join(folder), await join(folder)];
    await first.script(table);
    const pending = Promise.allSettled([first.transaction([insert(1)]), second.transaction([insert(2)])]);
    first.killThread();
    for (const each of await pending) {
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'STORE_UNAVAILABLE', wasSent: true });
    }
    await Promise.all([first, second].map(home => surely(() => home.transaction([insert(home === first ? 11 : 12)]))));
    expect([first.role, second.role].sort()).toEqual(['client', 'holder']);
    expect((await ask(second, 'select id from t where id > 10 order by id')).flat()).toEqual(['11', '12']);
  });

  test('its disk has failed: to itself for good, to the others until it goes and one of them recovers', async () => {
    const folder = freshFolder();
    const failFsync = new Int32Array(new SharedArrayBuffer(4));
    const [first, second] = [await join(folder, { faults: { failFsync } }), await join(folder)];
    await first.script(table);
    await second.transaction([insert(1)]);
    Atomics.store(failFsync, 0, 1);
    await expect(second.transaction([insert(2)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', wasSent: true });
    await expect(second.transaction([insert(3)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(first.transaction([insert(4)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await first.close();
    await surely(() => second.transaction([insert(5)]));
    expect(second.role).toBe('holder');
    const ids = (await ask(second, 'select id from t order by id')).flat();
    expect(ids.filter(id => id !== '2')).toEqual(['1', '5']);
  });

  test('neither a holder nor a client keeps a process alive that has nothing else to do', async () => {
    const folder = freshFolder();
    const idle = `const home = await openSharedFolder({ folder: argument }); say(home.role);`;
    for (let n = 0; n < 2; n++) {
      const alone = startChild(idle, folder);
      expect(await alone.line()).toBe('holder');
      expect(await alone.line()).toBeNull();
    }
    await join(folder);
    const client = startChild(idle, folder);
    expect(await client.line()).toBe('client');
    expect(await client.line()).toBeNull();
  });

  test('a call nobody can carry out waits, then is refused; close refuses what waits', async () => {
    const folder = freshFolder();
    const holder = await holderOf(folder);
    const home = await join(folder, { waitMs: 500 });
    await standStill(holder.process);
    const waiting = home.transaction([insert(1)]);
    await expect(waiting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await home.close();
    await expect(home.transaction([insert(2)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });
});

describe('whoever connects and is no client', () => {
  // One holder for all: that it is none the worse for them is what these tests are about.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-intruded-'));
  let holder!: Child;
  beforeAll(async () => {
    holder = startChildOfFile(shares, folder);
    for (const line of ['role holder', 'ready']) expect(await holder.line()).toBe(line);
  });
  afterAll(async () => {
    await holder.kill();
    fs.rmSync(folder, { recursive: true, force: true });
  });
  /** A client, and nothing in the table. */
  const joinEmpty = async (): Promise<SharedFolder> => {
    const home = await join(folder);
    await home.script('delete from t');
    return home;
  };

  /** Sends bytes, and tells when the holder has closed the connection. */
  function intruder(...chunks: Buffer[]): { socket: net.Socket; gone: Promise<number> } {
    const startedMs = performance.now();
    const socket = net.connect(path.join(folder, 'millrace.sock.store'));
    socket.on('error', () => {});
    socket.resume();
    for (const chunk of chunks) socket.write(chunk);
    onTestFinished(() => void socket.destroy());
    return { socket, gone: new Promise(resolve => socket.on('close', () => resolve(performance.now() - startedMs))) };
  }
  const hello = frameHead({ kind: 'hello', ...termsOf('strict') });
  const announced = (bytes: number): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(bytes, 0);
    head.writeUInt32BE(2, 4);
    return head;
  };
  const request = (header: unknown, bytes?: Uint8Array): Buffer =>
    Buffer.concat([frameHead(header, bytes), bytes ?? Buffer.alloc(0)]);
  const transaction = (bytes: Buffer, statements: unknown, introduced: unknown = []): Buffer =>
    request({ kind: 'transactions', transactions: [{ id: 1, bytes: bytes.length, statements }], introduced }, bytes);

  test('harms nobody, and is gone at once', async () => {
    const home = await joinEmpty();
    const one = { number: 0, name: 'one', text: 'select 1' };
    const intruders = [
      [Buffer.from('GET / HTTP/1.1\r\n\r\n')],
      [Buffer.alloc(100)],
      [frameHead({ kind: 'welcome' })],
      [frameHead(null)],
      [frameHead({ kind: 'hello', ...termsOf('strict'), protocol: 0 })],
      [announced(4_097)],
      [hello, announced(frameBytesMax + 1)],
      [hello, announced(0xffff_ffff)],
      [hello, frameHead('nonsense')],
      [hello, request({ kind: 'transactions' })],
      [hello, request({ kind: 'nothing', id: 1 })],
      [hello, request({ kind: 'script', text: 'drop table t' })],
      [hello, transaction(Buffer.from('drop table t'), [0], [one])],
      [hello, transaction(Buffer.from('B\0\0\0\x7f\0'), [0], [one])],
      [hello, transaction(Buffer.alloc(0), [0], [one])],
      [hello, transaction(Buffer.alloc(0), [7])],
      [hello, transaction(Buffer.alloc(0), 'x', [{ number: 1e9, name: 'x', text: 'x' }])],
    ].map(chunks => intruder(...chunks));
    await home.transaction([insert(1)]);
    // Another text of a statement others use.
    const late = intruder(hello, transaction(Buffer.alloc(0), [], [{ number: 0, name: 'insert', text: 'x' }]));
    const went = await Promise.all([...intruders, late].map(({ gone }) => gone));
    // Who says nothing is waited for for 5 s.
    expect(Math.max(...went)).toBeLessThan(4_900);
    await home.transaction([insert(2)]);
    expect(await ask(home, 'select id from t')).toEqual([['1'], ['2']]);
    expect(holder.process.exitCode).toBeNull();
  });

  test('a client whose statements are others is told so', async () => {
    const home = await joinEmpty();
    await home.transaction([insert(1)]);
    const paths = new SocketPaths(folder);
    onTestFinished(() => paths.close());
    const connected = await connectToHolder(paths, termsOf('strict'), systemClock, new AbortController().signal);
    const other = new PortClient((connected as unknown as { channel: ForeignChannel }).channel as never);
    const statement = { name: 'insert', text: 'insert into t values ($1::int4)' };
    await expect(other.transaction([{ statement, parameters: ['2'] }])).rejects.toThrow('another text of "insert"');
    await home.transaction([insert(3)]);
  });

  test('any change of the bytes of a call is refused, alone, or ends the connection; the store goes on', async () => {
    const home = await joinEmpty();
    const call: SqlCall = { statement: { name: 'echo', text: 'select $1::text, $2::int4' }, parameters: ['text', '7'] };
    const introduced = [{ number: 0, ...call.statement }];
    const wire = Buffer.alloc(measureCall(call));
    writeCall(wire, 0, call);
    const answers = { refused: 0, answered: 0, gone: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(wire.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async changes => {
          const bytes = Buffer.from(wire);
          for (const [at, value] of changes) bytes[at] = value;
          const { socket, gone } = intruder(hello, transaction(bytes, [0], introduced));
          const reader = new FrameReader(100_000);
          const reply = new Promise<unknown>(resolve =>
            socket.on('data', chunk => {
              reader.push(chunk);
              for (let frame = reader.next(); frame !== null; frame = reader.next()) {
                if ((frame.header as { kind: string }).kind === 'transactions') resolve(frame.header);
              }
            }),
          );
          const answer = await Promise.race([reply, gone]);
          if (typeof answer === 'number') answers.gone += 1;
          else if (JSON.stringify(answer).includes('failure')) answers.refused += 1;
          else answers.answered += 1;
          socket.destroy();
        },
      ),
      { numRuns: 300 },
    );
    expect(Math.min(answers.gone, answers.refused)).toBeGreaterThan(0);
    await home.transaction([insert(1)]);
    expect(await ask(home, 'select id from t')).toEqual([['1']]);
    expect(holder.process.exitCode).toBeNull();
  });

  test('who says nothing, or half a hello, is gone after a moment', async () => {
    const went = await Promise.all([intruder().gone, intruder(hello.subarray(0, 9)).gone]);
    expect(Math.max(...went)).toBeLessThan(25_000);
  });

  test('there is room for a bounded number, and again when they have gone', async () => {
    const home = await joinEmpty();
    const crowd = Array.from({ length: 100 }, () => intruder(hello));
    await Promise.all(crowd.slice(63).map(({ gone }) => gone));
    await expect(openSharedFolder({ folder, waitMs: 300 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    for (const { socket } of crowd) socket.destroy();
    await (await join(folder)).transaction([insert(1)]);
    await home.transaction([insert(2)]);
  });

  test('half a frame keeps what has come and no more; a client that does not read is not served on', async () => {
    const home = await joinEmpty();
    const rssBytes = (): number =>
      Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${holder.process.pid}/status`, 'utf8'))![1]) * 1_024;
    await home.transaction([insert(1)]);
    const before = rssBytes();
    intruder(hello, announced(frameBytesMax), Buffer.alloc(100));
    const paths = new SocketPaths(folder);
    onTestFinished(() => paths.close());
    const connected = await connectToHolder(paths, termsOf('strict'), systemClock, new AbortController().signal);
    const channel = (connected as unknown as { channel: ForeignChannel }).channel;
    const lazy = new PortClient(channel as unknown as ConstructorParameters<typeof PortClient>[0]);
    channel.pause();
    const bytes = new Uint8Array(1_000_000).fill(120);
    const large: SqlCall = { statement: { name: 'large', text: 'select $1::bytea' }, parameters: [bytes] };
    const answers: Promise<number>[] = [];
    for (let n = 0; n < 300; n++) {
      // A message each.
      answers.push(lazy.transaction([large]).then(([rows]) => rows![0]![0]!.length));
      lazy.flush();
    }
    for (let id = 2; id < 100; id++) await home.transaction([insert(id)]);
    expect(rssBytes() - before).toBeLessThan(150_000_000);
    channel.resume();
    expect(new Set(await Promise.all(answers))).toEqual(new Set([1_000_000]));
    await lazy.close();
  });
});

describe('many clients', () => {
  test('one that asks for much does not hold up another', async () => {
    const folder = freshFolder();
    await holderOf(folder);
    const [busy, other] = [await join(folder), await join(folder)];
    let answered = 0;
    const all = Array.from({ length: 100 }, (_, id) =>
      busy.transaction([insert(id, 'x'.repeat(1_000_000))]).then(() => answered++),
    );
    await vi.waitUntil(() => answered > 0, 30_000);
    const before = answered;
    await other.transaction([insert(-1)]);
    // What was being carried out, what that group's answer let come, and the group it stood in: four each.
    expect(answered - before).toBeLessThanOrEqual(20);
    await Promise.all(all);
    expect(await ask(other, 'select count(*) from t')).toEqual([['101']]);
  });
});

test('half a frame is not waited for for ever, and its sender is told', async () => {
  const server = net.createServer();
  const file = path.join(freshFolder(), 'socket');
  await new Promise<void>(resolve => server.listen(file, resolve));
  onTestFinished(() => void server.close());
  const socket = net.connect(file);
  const [accepted] = (await once(server, 'connection')) as [net.Socket];
  const [one, other] = [new FrameSocket(accepted, 1_000, 50), new FrameSocket(socket, 1_000)];
  socket.write(frameHead({ n: 1 }).subarray(0, 6));
  const ends = await Promise.all([once(one, 'close'), once(other, 'close')]);
  expect(ends.map(([fault]) => (fault as Error).message)).toEqual([
    'half a frame, and no more',
    'half a frame, and no more',
  ]);
});

test('frames come whole however the stream is cut', () => {
  const bytes = Uint8Array.from({ length: 1_000 }, (_, at) => at);
  const all = Buffer.concat([frameHead({ n: 1 }), frameHead({ n: 2, text: 'ü' }, bytes), bytes, frameHead({ n: 3 })]);
  for (const size of [1, 2, 3, 7, 64, all.length]) {
    const reader = new FrameReader(2_000);
    const got: unknown[] = [];
    for (let at = 0; at < all.length; at += size) {
      reader.push(all.subarray(at, at + size));
      for (let frame = reader.next(); frame !== null; frame = reader.next())
        got.push([frame.header, frame.bytes.length]);
    }
    expect(got).toEqual([
      [{ n: 1 }, 0],
      [{ n: 2, text: 'ü' }, 1_000],
      [{ n: 3 }, 0],
    ]);
    expect(reader.isInside).toBe(false);
  }
});
