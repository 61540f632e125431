// Titles of the tests in a file, read from its text: also those of tables, whose titles are made when they run.

import ts from 'typescript';

/** A piece of a title that is known when it runs. */
const hole = '\0';

export interface Title {
  /** Titles of the groups around it, outer ones first, and its own; unknown pieces are `hole`. */
  readonly names: readonly string[];
  /** As they are written. */
  readonly written: readonly string[];
}

export interface TestFile {
  /** Of the tests that run; those that are skipped or to do are none. */
  readonly titles: readonly Title[];
  /** The texts in it: what the titles of a table's rows are made of. */
  readonly texts: ReadonlySet<string>;
}

const groups: ReadonlySet<string> = new Set(['describe', 'onEveryHome']);
const tests: ReadonlySet<string> = new Set(['test', 'it']);

export function readTestFile(text: string): TestFile {
  const titles: Title[] = [];
  const texts = new Set<string>();
  const visit = (node: ts.Node, around: Title): void => {
    if (ts.isStringLiteralLike(node)) texts.add(node.text);
    const found = ts.isCallExpression(node) ? callOf(node) : null;
    if (found?.isLeftOut) return;
    if (found === null) {
      ts.forEachChild(node, child => visit(child, around));
      return;
    }
    const title = { names: [...around.names, found.name], written: [...around.written, found.written] };
    if (!found.isGroup) titles.push(title);
    ts.forEachChild(node, child => visit(child, found.isGroup ? title : around));
  };
  visit(ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true), { names: [], written: [] });
  return { titles, texts };
}

interface Call {
  readonly isGroup: boolean;
  readonly isLeftOut: boolean;
  readonly name: string;
  readonly written: string;
}

/** `test('title', ...)`, `test.each(table)('title', ...)` and the like. */
function callOf({ expression, arguments: [first] }: ts.CallExpression): Call | null {
  const words: string[] = [];
  let at: ts.Expression = expression;
  for (;;) {
    if (ts.isPropertyAccessExpression(at)) {
      words.push(at.name.text);
      at = at.expression;
    } else if (ts.isCallExpression(at)) at = at.expression;
    else break;
  }
  if (!ts.isIdentifier(at) || first === undefined) return null;
  const isGroup = groups.has(at.text);
  if (!isGroup && !tests.has(at.text)) return null;
  const isLeftOut = words.some(word => word === 'skip' || word === 'todo');
  const written = writtenTitle(first);
  if (written === null) return null;
  const isTable = words.includes('each') || words.includes('for');
  const name = isTable ? written.replace(/%[a-z]|\$[\w.]+/g, hole) : written;
  return { isGroup, isLeftOut, name, written };
}

function writtenTitle(node: ts.Expression): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return null;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join(hole);
}

/**
 * The tests that a title names: the one of a test, or of its groups and it with ` > ` between; the beginning of one, ten
 * characters at least, and `…`; or, where there is none, that of a row of a table, made of texts and numbers of the file.
 */
export function findTests({ titles, texts }: TestFile, title: string): Title[] {
  const namedBy = (isNamed: (name: string, written: string) => boolean): Title[] =>
    titles.filter(({ names, written }) =>
      names.some((_, from) => isNamed(names.slice(from).join(' > '), written.slice(from).join(' > '))),
    );
  if (title.endsWith('…')) {
    return title.length > 10 ? namedBy((_, written) => written.startsWith(title.slice(0, -1))) : [];
  }
  const exact = namedBy((_, written) => written === title);
  return exact.length > 0 ? exact : namedBy(name => isRowOf(name, title, texts));
}

function isRowOf(name: string, title: string, texts: ReadonlySet<string>): boolean {
  const pieces = name.split(hole).map(piece => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const values = new RegExp(`^${pieces.join('(.+)')}$`, 's').exec(title)?.slice(1) ?? [];
  const isInFile = (value: string): boolean =>
    texts.has(value) || texts.has(value.replace(/^"(.*)"$/, '$1')) || /^(-?[\d.]+|true|false|null)$/.test(value);
  return values.length > 0 && values.every(isInFile);
}
