// The shape of the source, held by the table in src/ARCHITECTURE.md: who may import whom, one library a room, one place
// that reads the time, files that fit in a head.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const project = fileURLToPath(new URL('..', import.meta.url));
const architecture = readFileSync(path.join(project, 'src/ARCHITECTURE.md'), 'utf8');

/** Files that read the time themselves, and why they may. */
const timeReaders: Readonly<Record<string, string>> = {
  'src/observe/clock.ts': 'it is the clock',
  'src/dispatch/thread/runtime.ts': 'in a worker thread, once an action: a call through an interface shows there',
  'src/dispatch/thread/outbox.ts': 'in a worker thread, once an outcome',
  'src/dispatch/shared-state.ts': 'both sides of the shared memory must count from the same uptime',
  'src/dispatch/pool.ts': 'compares with what threads wrote to shared memory, which is uptime',
  'src/actions/user-module.ts': 'in a worker thread: how old the look at the file on disk is',
  'src/client/client-clock.ts': 'it is the clock of the client, which imports nothing',
  'src/store/pglite/fsync-hook.ts': 'in the store thread: how long an fsync took',
};

/** Words of the table's third column that are more, or less, than the name of a room. */
const parts: Readonly<Record<string, readonly string[]>> = {
  'workflow (ids)': ['workflow/instance-id.ts'],
  'workflow (documents)': [
    'workflow/document.ts',
    'workflow/conform.ts',
    'workflow/fault.ts',
    'workflow/grammar-fault.ts',
    'workflow/verify.ts',
  ],
  'workflow (names)': ['workflow/namespace.ts'],
  'flow (reading conditions)': ['flow/condition/parse.ts', 'flow/condition/ast.ts'],
  'flow (reading texts)': ['flow/substitution/parse.ts', 'flow/substitution/ast.ts'],
  'queue (keys)': ['queue/key-rules.ts'],
  'queue (rates)': ['queue/rate.ts'],
  'dispatch protocol': ['dispatch/protocol.ts', 'dispatch/action.ts'],
};
/** The language of schemas is spoken where there are schemas. */
const librariesOfRooms: Readonly<Record<string, readonly string[]>> = { typebox: ['api', 'time', 'workflow'] };
const everythingAbove = ['all above', 'the rooms it shows', 'the room whose thread it is'];

interface SourceFile {
  /** From the project's folder, with `/`. */
  readonly file: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(project, folder), { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  );
}

const allFiles = [...filesBelow('src'), ...filesBelow('workers')];
const sources: readonly SourceFile[] = allFiles
  .filter(file => file.endsWith('.ts'))
  .map(file => {
    const text = readFileSync(path.join(project, file), 'utf8');
    const imports = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
    return { file, room: roomOf(file), text, imports };
  });

/** `src/engine/claims/feeder.ts` is of the room `engine`, `workers/x.ts` of `workers`. */
function roomOf(file: string): string {
  const [first, second, third] = file.split('/');
  return first === 'src' && third !== undefined ? second! : first!;
}

/** The file of an import. What is generated (`-grammar.js`) is known by its declarations, which are written by hand. */
function targetOf(source: SourceFile, specifier: string): string {
  const file = path.posix.join(path.posix.dirname(source.file), specifier);
  return file.replace(/\.js$/, file.endsWith('-grammar.js') ? '.d.ts' : '.ts');
}

/** Whether nothing is left of an import when the types are gone: `import type`, not `import { type X }`. */
function isOfTypes({ file, text }: SourceFile, specifier: string): boolean {
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return statements.every(statement => {
    if (ts.isImportDeclaration(statement)) {
      const { moduleSpecifier, importClause } = statement;
      return (moduleSpecifier as ts.StringLiteral).text !== specifier || importClause?.isTypeOnly === true;
    }
    if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined) return true;
    return (statement.moduleSpecifier as ts.StringLiteral).text !== specifier || statement.isTypeOnly;
  });
}

/** Library names as packages: `@scope/name/sub` and `name/sub` are `@scope/name` and `name`. */
function libraryOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

interface Allowed {
  readonly rooms: Set<string>;
  readonly files: Set<string>;
  /** Rooms of which only types may be imported. */
  readonly types: Set<string>;
}

/** The table: for each room what it may import, as rooms, or as single files of `src/`. */
function readTable(): Map<string, Allowed> {
  const table = new Map<string, Allowed>();
  const rows = [...architecture.matchAll(/^\| `([a-z]+)\/` \|[^|]*\| ([^|]*) \|$/gm)];
  for (const [, room, cell] of rows) {
    const allowed: Allowed = { rooms: new Set(), files: new Set(), types: new Set() };
    for (const word of cell!.split(/,| and (?=the )/).map(each => each.trim())) {
      if (word === '–') continue;
      if (everythingAbove.includes(word)) for (const above of table.keys()) allowed.rooms.add(above);
      else if (word.endsWith(' (types)')) allowed.types.add(word.slice(0, -' (types)'.length));
      else if (parts[word] !== undefined) for (const file of parts[word]) allowed.files.add(`src/${file}`);
      else allowed.rooms.add(word);
    }
    table.set(room!, allowed);
  }
  return table;
}

const table = readTable();

describe('architecture', () => {
  test('the table names every room there is, and no other; what it allows exists', () => {
    const rooms = [...new Set(sources.map(({ room }) => room))].sort();
    expect([...table.keys()].sort()).toEqual(rooms);
    for (const [room, { rooms: allowed, files }] of table) {
      for (const other of allowed) expect(rooms, `${room} may import ${other}`).toContain(other);
      for (const file of files) expect(existsSync(path.join(project, file)), file).toBe(true);
    }
  });

  test('rooms import what the table allows', () => {
    const breaches = sources.flatMap(source =>
      source.imports.flatMap(specifier => {
        if (!specifier.startsWith('.')) return [];
        const target = targetOf(source, specifier);
        const allowed = table.get(source.room)!;
        const room = roomOf(target);
        const isAllowed =
          room === source.room ||
          allowed.rooms.has(room) ||
          allowed.files.has(target) ||
          (allowed.types.has(room) && isOfTypes(source, specifier));
        return isAllowed ? [] : [`${source.file} imports ${target}`];
      }),
    );
    expect(breaches).toEqual([]);
  });

  test('every import of a file names one that is there', () => {
    const missing = sources.flatMap(source =>
      source.imports
        .filter(specifier => specifier.startsWith('.') && !existsSync(path.join(project, targetOf(source, specifier))))
        .map(specifier => `${source.file}: ${specifier}`),
    );
    expect(missing).toEqual([]);
  });

  test('one third-party library, one room; the rooms named in the text are those', () => {
    const roomsOf = new Map<string, Set<string>>();
    for (const { room, imports } of sources) {
      for (const specifier of imports) {
        if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
        const library = libraryOf(specifier);
        roomsOf.set(library, (roomsOf.get(library) ?? new Set()).add(room));
      }
    }
    for (const [library, rooms] of roomsOf) {
      const allowed = librariesOfRooms[library];
      if (allowed === undefined) expect([...rooms], library).toHaveLength(1);
      else expect([...rooms].sort(), library).toEqual(allowed);
    }
    const sentence = /One third-party library, one room: ([^.]*)\./.exec(architecture)![1]!;
    for (const [, name, room] of sentence.matchAll(/(\w+) in `(\w+)\/`/g)) {
      const library = [...roomsOf.keys()].find(each => each.toLowerCase().endsWith(name!.toLowerCase()));
      expect([name, library === undefined ? [] : [...roomsOf.get(library)!]]).toEqual([name, [room]]);
    }
  });

  test('only `millrace start` pays for Fastify and TypeBox at run time', () => {
    const values = (file: string): string[] => {
      const source = sources.find(each => each.file === file);
      if (source === undefined) return [];
      const bare = source.text.replace(/^(?:import|export) type [^;]*;$/gm, '');
      // Statically, and for more than types; what is imported when it is wanted is not.
      return ts
        .preProcessFile(bare, true, true)
        .importedFiles.map(({ fileName }) => fileName)
        .filter(name => !bare.includes(`import('${name}')`));
    };
    const reached = new Map<string, readonly string[]>();
    const open = [['src/cli/main.ts'], ['src/engine/index.ts'], ['src/cli/run-workflow.ts']];
    for (let chain = open.pop(); chain !== undefined; chain = open.pop()) {
      const file = chain.at(-1)!;
      if (reached.has(file)) continue;
      reached.set(file, chain);
      for (const name of values(file)) {
        expect(['fastify', 'typebox'], chain.join(' > ')).not.toContain(name);
        if (name.startsWith('.')) open.push([...chain, targetOf({ file } as SourceFile, name)]);
      }
    }
    expect(reached.size).toBeGreaterThan(50);
  });

  test('what is imported is a dependency of the package, not of its tests', () => {
    const { dependencies } = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const used = new Set(
      sources.flatMap(({ imports }) =>
        imports.filter(each => !each.startsWith('.') && !each.startsWith('node:')).map(libraryOf),
      ),
    );
    expect([...used].filter(library => dependencies[library] === undefined)).toEqual([]);
    expect(Object.keys(dependencies).filter(library => !used.has(library))).toEqual([]);
  });

  test('nobody but the clock reads the time, but for those with a reason', () => {
    const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
    const readers = sources
      .filter(({ text }) => /Date\.now\(\)|new Date\(\)|performance\.now\(\)|process\.hrtime/.test(code(text)))
      .map(({ file }) => file);
    expect(readers.filter(file => timeReaders[file] === undefined)).toEqual([]);
    expect(
      Object.keys(timeReaders).filter(file => !readers.includes(file)),
      'exceptions nobody needs',
    ).toEqual([]);
  });

  test('no file is longer than 400 lines, no room is empty, every file says what it is for', () => {
    const long = sources
      // The schema is generated, and read by nobody.
      .filter(({ file, text }) => file !== 'src/workflow/definition-schema.ts' && text.split('\n').length > 401)
      .map(({ file, text }) => `${file}: ${text.split('\n').length - 1}`);
    expect(long).toEqual([]);
    const headless = sources.filter(({ text }) => !/^(#!.*\n)?\/\/ \S/.test(text)).map(({ file }) => file);
    expect(headless).toEqual([]);
    for (const entry of readdirSync(path.join(project, 'src'), { withFileTypes: true })) {
      if (entry.isDirectory())
        expect(filesBelow(`src/${entry.name}`).filter(file => file.endsWith('.ts')).length, entry.name).toBeGreaterThan(
          0,
        );
    }
  });

  test('file names are kebab-case and say what is in them', () => {
    const vague = /(^|[-/])(utils?|helpers?|commons?|managers?|misc|shared|stuff|types)(-|\.)/;
    const wrong = allFiles.filter(
      file => !/(ARCHITECTURE|README)\.md$/.test(file) && !/^[a-z0-9-]+(\.d)?\.[a-z]+$/.test(path.basename(file)),
    );
    expect(wrong).toEqual([]);
    expect(allFiles.filter(file => vague.test(path.basename(file)) && file !== 'src/dispatch/shared-state.ts')).toEqual(
      [],
    );
  });

  test('what the tour names is there', () => {
    const named = [...architecture.matchAll(/`((?:[a-z-]+\/)+[a-z0-9-]+\.ts)`/g)].map(([, file]) => file!);
    expect(named.length).toBeGreaterThan(10);
    const isThere = (file: string): boolean =>
      existsSync(path.join(project, /^(src|workers|test|scripts)\//.test(file) ? file : `src/${file}`));
    expect(named.filter(file => !isThere(file))).toEqual([]);
  });
});
