// A stream of text to the records in it: the elements of a JSON list, the lines of NDJSON, or one JSON value. A record
// is cut out by its brackets, not read: reading it tells whether it is one. So a file of any size takes the memory of
// one record.

import { inputTextLengthMax } from '../workflow/input.js';
import { NotUtf8 } from './utf8.js';

export type RecordForm = 'list' | 'lines' | 'single';

/** The text of one record and where it begins. */
export interface RecordText {
  readonly index: number;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** It is longer than any record may be; `text` is its beginning. */
  readonly isCut: boolean;
}

/** The text around the records is broken; nothing behind can be trusted. */
export class SplitFault extends Error {
  override name = 'SplitFault';
  constructor(
    readonly line: number,
    readonly column: number,
    message: string,
  ) {
    super(message);
  }
}

/** What the beginning of a text looks like. @param isNamedLines its file's name says NDJSON */
export function formOf(beginning: string, isNamedLines: boolean): RecordForm {
  if (isNamedLines) return 'lines';
  if (/^\s*\[/.test(beginning)) return 'list';
  // Two whole values, each in a line: NDJSON under another name.
  const lines = beginning.split('\n');
  return lines.length > 1 && isValue(lines[0]!) && lines.slice(1).join('').trim() !== '' ? 'lines' : 'single';
}

function isValue(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The records of a text. @throws SplitFault after the records before the fault */
export async function* recordsOf(chunks: AsyncIterable<string>, form: RecordForm): AsyncGenerator<RecordText> {
  const splitter = new Splitter(form);
  try {
    for await (const chunk of chunks) yield* splitter.push(chunk);
  } catch (error) {
    if (error instanceof NotUtf8) throw splitter.fault(error.message);
    throw error;
  }
  yield* splitter.end();
}

type Where = 'before' | 'between' | 'record' | 'after';

class Splitter {
  readonly #form: RecordForm;
  #where: Where;
  #line = 1;
  /** Offset of the line's beginning, counted like `#base`. */
  #lineStart = 0;
  /** Characters of the chunks before. */
  #base = 0;
  #index = 0;
  #text = '';
  #isCut = false;
  #startLine = 1;
  #startColumn = 1;
  #depth = 0;
  #inString = false;
  #isEscaped = false;

  constructor(form: RecordForm) {
    this.#form = form;
    this.#where = form === 'list' ? 'before' : 'between';
  }

  *push(chunk: string): Generator<RecordText> {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const unit = chunk.charCodeAt(at);
      if (this.#where === 'record') {
        if (this.#isRecordsEnd(unit)) {
          this.#keep(chunk, from, at);
          yield this.#record();
          this.#where = unit === 0x5d ? 'after' : 'between';
        }
      } else if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) {
        this.#begin(unit, this.#base + at);
        if ((this.#where as Where) === 'record') {
          from = at;
          this.#isRecordsEnd(unit);
        }
      }
      if (unit === 0x0a) {
        this.#line += 1;
        this.#lineStart = this.#base + at + 1;
      }
    }
    if (this.#where === 'record') this.#keep(chunk, from, chunk.length);
    this.#base += chunk.length;
  }

  *end(): Generator<RecordText> {
    if (this.#form === 'list' && this.#where !== 'after') {
      throw this.fault(this.#where === 'before' ? 'holds nothing' : 'the list is not closed with "]"');
    }
    if (this.#where === 'record') yield this.#record();
  }

  fault(message: string, offset = this.#base): SplitFault {
    return new SplitFault(this.#line, offset - this.#lineStart + 1, message);
  }

  /** The first character of something, outside records. */
  #begin(unit: number, offset: number): void {
    switch (this.#where) {
      case 'before':
        // Its first character made it a list.
        this.#where = 'between';
        return;
      case 'after':
        throw this.fault('something follows the end of the list', offset);
      default:
        if (this.#form === 'list') {
          if (unit === 0x5d && this.#index === 0) {
            this.#where = 'after';
            return;
          }
          if (unit === 0x2c || unit === 0x5d) throw this.fault('expected a record', offset);
        }
        this.#where = 'record';
        this.#startLine = this.#line;
        this.#startColumn = offset - this.#lineStart + 1;
    }
  }

  /** Whether a record ends before this character; keeps track of brackets and strings. */
  #isRecordsEnd(unit: number): boolean {
    if (this.#form === 'lines') return unit === 0x0a;
    if (this.#form === 'single') return false;
    if (this.#inString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (unit === 0x5c) this.#isEscaped = true;
      else if (unit === 0x22) this.#inString = false;
      return false;
    }
    if (unit === 0x22) this.#inString = true;
    else if (unit === 0x7b || unit === 0x5b) this.#depth += 1;
    else if (unit === 0x7d || unit === 0x5d) {
      if (this.#depth === 0) return unit === 0x5d;
      this.#depth -= 1;
    } else if (unit === 0x2c) return this.#depth === 0;
    return false;
  }

  #keep(chunk: string, from: number, to: number): void {
    const room = inputTextLengthMax + 1 - this.#text.length;
    if (to - from > room) this.#isCut = true;
    if (room > 0) this.#text += chunk.slice(from, Math.min(to, from + room));
  }

  #record(): RecordText {
    const text = this.#text.trimEnd();
    const record = {
      index: this.#index,
      line: this.#startLine,
      column: this.#startColumn,
      text,
      isCut: this.#isCut || text.length > inputTextLengthMax,
    };
    this.#index += 1;
    this.#text = '';
    this.#isCut = false;
    this.#depth = 0;
    return record;
  }
}
