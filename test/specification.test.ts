// SPECIFICATION.md says which test holds which statement of the documents. Here: that those tests exist, and that nothing
// lacks one but what is yet to come.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { operations } from '../src/api/schema/operations.js';
import { auditEvents } from '../src/workflow/events.js';
import { findTests, readTestFile, type TestFile } from './test-titles.js';

const here = fileURLToPath(new URL('.', import.meta.url));

interface Row {
  readonly line: number;
  /** Heading above it. */
  readonly topic: string;
  readonly source: string;
  readonly statement: string;
  readonly tests: readonly string[];
}

/** The rows of all tables. */
function rowsOf(text: string): Row[] {
  const rows: Row[] = [];
  let topic = '';
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('## ')) topic = line.slice(3);
    if (!line.startsWith('| ') || line.startsWith('| Document')) continue;
    const cells = line.slice(1, -1).split('|');
    if (cells.length !== 3)
      throw new Error(`SPECIFICATION.md:${index + 1}: a row has three cells, not ${cells.length}`);
    const [source, statement, tests] = cells.map(cell => cell.trim()) as [string, string, string];
    rows.push({
      line: index + 1,
      topic,
      source,
      statement,
      tests: tests === '' ? [] : tests.split('<br>').map(each => each.trim()),
    });
  }
  return rows;
}

const isToCome = ({ topic }: Row): boolean => topic.startsWith('To come: ');
const rows = rowsOf(readFileSync(`${here}SPECIFICATION.md`, 'utf8'));
const files = new Map<string, TestFile>();

/** What is wrong with a reference, `` `file`: title ``; `null`: nothing. */
function faultOf(reference: string): string | null {
  const [, file, title] = /^`([\w./-]+\.test\.ts)`: (.+)$/.exec(reference) ?? [];
  if (file === undefined || title === undefined) return `"${reference}" is not \`file\`: title`;
  if (!existsSync(here + file)) return `there is no test/${file}`;
  const read = files.get(file) ?? readTestFile(readFileSync(here + file, 'utf8'));
  files.set(file, read);
  const found = findTests(read, title);
  if (found.length === 0) return `test/${file} has no test "${title}"`;
  if (found.length > 1) return `test/${file} has ${found.length} tests "${title}"; name the group too, "group > title"`;
  return null;
}

describe('every statement of the documents', () => {
  test('that is not to come has a test', () => {
    expect(rows.filter(row => !isToCome(row) && row.tests.length === 0)).toEqual([]);
    expect(rows.filter(row => !isToCome(row)).length).toBeGreaterThan(100);
  });

  test('is no more to come when all of its topic have tests', () => {
    const open = new Set(rows.filter(({ tests }) => tests.length === 0).map(({ topic }) => topic));
    expect(rows.filter(row => isToCome(row) && !open.has(row.topic))).toEqual([]);
  });

  test('names tests that are there, and run', () => {
    const faults = rows.flatMap(({ line, tests }) =>
      tests.map(faultOf).flatMap(fault => (fault === null ? [] : [`SPECIFICATION.md:${line}: ${fault}`])),
    );
    expect(faults).toEqual([]);
  });

  test('says where it stands, and stands there once', () => {
    const odd = rows.filter(({ source }) => !/^(\d(, \d)* [A-Z]|D$)/.test(source));
    expect(odd).toEqual([]);
    expect(rows.filter(({ statement }) => statement === '')).toEqual([]);
    const statements = rows.map(({ statement }) => statement);
    expect(statements.filter((statement, at) => statements.indexOf(statement) !== at)).toEqual([]);
  });
});

/** What the rows of these topics begin with, in backquotes. */
function namesOf(...topics: readonly string[]): string[] {
  return rows
    .filter(({ topic }) => topics.includes(topic))
    .map(({ statement }) => /^`(\w+)`: /.exec(statement)?.[1] ?? statement);
}

describe('a row, and tests,', () => {
  test.each([
    ['server', 'Events of what runs'],
    ['client', 'Events of calls'],
    ['status', 'Events of the engine'],
  ])('has each event of the family %s', (family, topic) => {
    const names = auditEvents.filter(event => event.family === family).map(({ shortName }) => shortName as string);
    expect(namesOf(topic).sort()).toEqual(names.sort());
  });

  test('has each operation', () => {
    expect(namesOf('Operations, by name').sort()).toEqual([...operations, 'signal'].sort());
  });
});

describe('a test is found', () => {
  const text = `
    describe('group', () => {
      test('plain', () => {});
      test.each([['one', 1], ["it's", 2]])('%s is %d', () => {});
      it(\`drawn (seed \${seed})\`, () => {});
      it.skip('skipped', () => {});
      test.todo('later');
    });
    onEveryHome('other', () => {
      test('plain', () => {});
      test.concurrent.for(list)('$name goes', () => {});
    });
  `;
  const found = (title: string): number => findTests(readTestFile(text), title).length;

  test.each([
    ['plain', 2],
    ['group > plain', 1],
    ['other > plain', 1],
    ['%s is %d', 1],
    ['one is 1', 1],
    ["it's is 2", 1],
    ['two is 2', 0],
    ['group > one is 7', 1],
    ['drawn (seed …', 1],
    ['dra…', 0],
    ['$name goes', 1],
    ['skipped', 0],
    ['later', 0],
    ['plai', 0],
  ])('by the title %j: %d', (title, expected) => expect(found(title)).toBe(expected));
});
