// YAML or JSON text to a tree of what was written, each piece with its offset. JSON is read by the same parser: it is
// YAML, and so its faults have lines too.
//
// Why not `parseDocument` and `toJS`: on hostile text they recurse without bound (RangeError), compare every key of a
// map with every other (a megabyte of keys takes minutes) and expand aliases before they are counted. Here the depth,
// the errors and the aliases are counted while tokens arrive, and reading stops at the first that is too many. What
// reaches yaml's composer is therefore small, and what it composed is turned into a tree by bounded recursion.

import {
  type Alias,
  Composer,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
} from 'yaml';
import { type Fault, type FaultCode, formatPath, type Path, quote, quoteMessage, type TextPlace } from './fault.js';
import { offsetInScalar } from './scalar-place.js';
import { definitionDepthMax, definitionSizeMax, definitionValuesMax, faultsMax } from './verify.js';

/** A piece of a document. Offsets count UTF-16 units from the start of the text. */
export type Written =
  | { readonly kind: 'map'; readonly offset: number; readonly entries: readonly WrittenEntry[] }
  | { readonly kind: 'list'; readonly offset: number; readonly items: readonly Written[] }
  | { readonly kind: 'scalar'; readonly offset: number; readonly value: unknown; readonly text: string };

export interface WrittenEntry {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: Written;
}

export interface WrittenDocument {
  /** `null` when the text could not be read; `faults` says why. */
  readonly root: Written | null;
  readonly faults: Fault[];
  /** Line and column, from 1: of an offset, or of a character within the scalar there (`offsetInScalar`). */
  placeAt(offset: number, within?: TextPlace): { readonly line: number; readonly column: number };
}

/** Words and signs in one file: yaml takes 5 us for each, so that a megabyte of quotes would take ten seconds. */
const lexemesMax = 200_000;
/** Aliases in one file, and errors of syntax after which reading stops. */
const aliasesMax = 100;
const errorsMax = 20;

type Tokens = ReturnType<Parser['next']> extends Generator<infer Token> ? Token[] : never;

/** What went wrong, before it is known to which line the offset belongs. */
class Refusal extends Error {
  constructor(
    readonly code: FaultCode,
    readonly offset: number,
    message: string,
    readonly path: Path = [],
  ) {
    super(message);
  }
}

/** The keys under which the parser stands, outermost first; what is no plain key ends the list. */
function keysOpen(stack: readonly CST.Token[]): string[] {
  const keys: string[] = [];
  for (const token of stack) {
    if (!('items' in token)) continue;
    const last = token.items.at(-1);
    const key = last !== undefined && 'key' in last ? last.key : undefined;
    if (key === undefined || key === null || !('source' in key)) break;
    keys.push(key.source.replace(/^["']|["']$/g, ''));
  }
  return keys;
}

/** Read a text; never throws. */
export function readDocument(text: string, file: string): WrittenDocument {
  const lines = new LineCounter();
  const placeAt = (offset: number, within?: TextPlace) => {
    const at = within === undefined ? offset : offsetInScalar(text, offset, within);
    const { line, col } = lines.linePos(Math.min(at, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const faults: Fault[] = [];
  const report = (code: FaultCode, offset: number, message: string, path: Path = []) => {
    if (faults.length < faultsMax) faults.push({ code, message, path: formatPath(path), file, ...placeAt(offset) });
  };
  try {
    if (text.length > definitionSizeMax) {
      throw new Refusal('TOO_LARGE', 0, `the file is larger than ${definitionSizeMax} characters`);
    }
    return { root: new Reading(text, lines, report).root(), faults, placeAt };
  } catch (error) {
    if (error instanceof Refusal) report(error.code, error.offset, error.message, error.path);
    // The bounds above leave no text known that does this to yaml; one that does is refused, not fatal.
    else
      report(
        'SYNTAX',
        0,
        `the file cannot be read: ${quoteMessage(error instanceof Error ? error.message : String(error))}`,
      );
    return { root: null, faults, placeAt };
  }
}

type ReportAt = (code: FaultCode, offset: number, message: string, path?: Path) => void;

/** One reading of one text: bounds, anchors and counts. */
class Reading {
  readonly #anchors = new Map<string, Node>();
  #values = 0;

  readonly #text: string;
  readonly #lines: LineCounter;
  readonly #report: ReportAt;

  constructor(text: string, lines: LineCounter, report: ReportAt) {
    this.#text = text;
    this.#lines = lines;
    this.#report = report;
  }

  /** The tree, or `null` when the text is neither YAML nor JSON. */
  root(): Written | null {
    // Keys are compared by a Set below (yaml's own `uniqueKeys` is quadratic).
    const composer = new Composer({ uniqueKeys: false, stringKeys: true, prettyErrors: false, logLevel: 'silent' });
    const documents = [...composer.compose(this.#tokens(), true, this.#text.length)];
    const document = documents[0]!;
    const errors = [...document.errors, ...document.warnings];
    if (errors.length > 0) {
      const worst = errors.slice(0, errorsMax).sort((left, right) => left.pos[0] - right.pos[0]);
      for (const error of worst) this.#report('SYNTAX', error.pos[0], quoteMessage(error.message));
      return null;
    }
    if (documents.length > 1)
      throw new Refusal('SYNTAX', documents[1]!.range[0], 'a second document begins; a file holds one');
    if (document.contents === null) throw new Refusal('SYNTAX', 0, 'the file is empty');
    return this.#written(document.contents as Node, [], 0);
  }

  /** The concrete syntax of the text, given up as soon as it is too deep, too broken or has too many aliases. */
  #tokens(): Tokens {
    const parser = new Parser(this.#lines.addNewLine);
    const tokens: Tokens = [];
    let lexemes = 0;
    let aliases = 0;
    let errors = 0;
    this.#lines.addNewLine(0);
    for (const lexeme of new Lexer().lex(this.#text)) {
      const offset = parser.offset;
      lexemes += 1;
      if (lexemes > lexemesMax)
        throw new Refusal('TOO_LARGE', offset, `the file has more than ${lexemesMax} words and signs`);
      for (const token of parser.next(lexeme)) {
        tokens.push(token);
        if (token.type === 'error') errors += 1;
      }
      // Beside the collections themselves the stack holds the document and the scalar being read.
      if (parser.stack.length > definitionDepthMax + 2) {
        const path = keysOpen(parser.stack).slice(0, 3);
        throw new Refusal('TOO_DEEP', offset, `is nested deeper than ${definitionDepthMax} levels`, path);
      }
      if (lexeme.startsWith('*') && parser.stack.at(-1)?.type !== 'block-scalar') aliases += 1;
      if (aliases > aliasesMax) throw new Refusal('TOO_LARGE', offset, `the file has more than ${aliasesMax} aliases`);
      if (errors > errorsMax) break;
    }
    if (errors <= errorsMax) tokens.push(...parser.end());
    return tokens;
  }

  #written(node: Node | null, path: Path, depth: number, fallbackOffset = 0): Written {
    const offset = node?.range?.[0] ?? fallbackOffset;
    this.#values += 1;
    if (this.#values > definitionValuesMax) {
      throw new Refusal('TOO_LARGE', offset, `the file has more than ${definitionValuesMax} values`);
    }
    if (depth > definitionDepthMax) {
      throw new Refusal('TOO_DEEP', offset, `is nested deeper than ${definitionDepthMax} levels`, path.slice(0, 3));
    }
    if (node === null) return { kind: 'scalar', offset, value: null, text: '' };
    if (isAlias(node)) return this.#writtenAlias(node, path, depth, offset);
    if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node);
    if (isSeq<Node>(node)) {
      const items = node.items.map((item, index) => this.#written(item, [...path, index], depth + 1, offset));
      return { kind: 'list', offset, items };
    }
    if (isMap<Node, Node | null>(node)) return { kind: 'map', offset, entries: this.#entries(node.items, path, depth) };
    if (!isScalar(node)) throw new Refusal('SYNTAX', offset, 'is neither a map, a list nor a value', path);
    return { kind: 'scalar', offset, value: node.value, text: node.source ?? '' };
  }

  /** An alias stands for the last node with its anchor; depth and values count again, which bounds alias bombs. */
  #writtenAlias(alias: Alias, path: Path, depth: number, offset: number): Written {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) throw new Refusal('SYNTAX', offset, `no anchor is named ${quote(alias.source)}`, path);
    return this.#written(target, path, depth, offset);
  }

  #entries(pairs: readonly { key: Node; value: Node | null }[], path: Path, depth: number): WrittenEntry[] {
    /** By key, where it was first. */
    const seen = new Map<string, number>();
    const entries: WrittenEntry[] = [];
    for (const { key: keyNode, value } of pairs) {
      const keyOffset = keyNode?.range?.[0] ?? 0;
      if (!isScalar(keyNode)) throw new Refusal('SYNTAX', keyOffset, 'a key must be plain text', path);
      // A key such as `null` or `1` is its text; a quoted one has been unquoted already.
      const key = typeof keyNode.value === 'string' ? keyNode.value : (keyNode.source ?? '');
      const inner = [...path, key];
      const first = seen.get(key);
      if (first !== undefined) {
        const { line } = this.#lines.linePos(first);
        this.#report('KEY_DUPLICATE', keyOffset, `the key ${quote(key)} is there twice, first in line ${line}`, inner);
      }
      const entry = { key, keyOffset, value: this.#written(value, inner, depth + 1, keyOffset) };
      if (first === undefined) {
        entries.push(entry);
        seen.set(key, keyOffset);
      }
    }
    return entries;
  }
}
