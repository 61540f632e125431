// What `--input` names, as instances' inputs: one JSON object, or a list (or lines) of them.
//
// Invariants:
//   R1. An input of at most 64 MB is checked whole before the first record is given out; one fault, and none is.
//   R2. A larger one is checked as it streams; it ends before its first fault, which `fault` then tells.
//   R3. A fault names the place (`file:line:column`), the record and the field.

import fs from 'node:fs';
import { quote } from '../workflow/fault.js';
import { checkInput, inputTextLengthMax } from '../workflow/input.js';
import type { JsonObject } from '../workflow/model.js';
import { Refusal } from './exit.js';
import { offsetOf, placeIn, syntaxFault } from './json-place.js';
import { formOf, type RecordForm, type RecordText, recordsOf, SplitFault } from './json-split.js';
import { figure } from './output.js';
import { textOf, wholeText, withoutMark } from './utf8.js';

/** Up to here an input is checked before anything is submitted. */
const checkedBytesMax = 64 * 1_024 * 1_024;
/** Up to here its records stay in memory between rounds; beyond they are read again. */
const keptBytesMax = 16 * 1_024 * 1_024;
const beginningBytes = 64 * 1_024;
const faultsShownMax = 20;

/** Bytes that may be read once, or as often as wanted. */
interface Source {
  readonly label: string;
  readonly form: RecordForm;
  /** `null`: not known, more than fits `checkedBytesMax`. */
  readonly bytes: number | null;
  readonly open: () => AsyncIterable<Uint8Array>;
  readonly isRepeatable: boolean;
}

/** Records to submit. What can be read but once is not repeated. */
export interface InputRecords {
  readonly label: string;
  /** How many there are; `null` when they are checked as they stream. */
  readonly count: number | null;
  /** Round after round, or one round; ends early at a fault (R2). */
  records(isRepeated: boolean): Iterable<JsonObject> | AsyncIterable<JsonObject>;
  /** What ended the records early. */
  readonly fault: string | null;
}

/**
 * @param given `null`: no such option, which is one empty object; else JSON text, `@FILE` or `-`
 * @param option that brought it, for messages
 * @throws Refusal with a line for each fault (R1)
 */
export async function openInput(given: string | null, option = '--input'): Promise<InputRecords> {
  if (given === null) return new KeptRecords('no input', [{}]);
  const source = await sourceOf(given, option);
  if (source.bytes === null || source.bytes > checkedBytesMax) return new StreamedRecords(source, null);
  const kept: JsonObject[] = [];
  const faults: string[] = [];
  let count = 0;
  for await (const read of readAll(source)) {
    count += 1;
    if ('fault' in read) faults.push(read.fault);
    else if (source.bytes <= keptBytesMax && faults.length === 0) kept.push(read.record);
    if (faults.length === faultsShownMax) break;
  }
  if (faults.length === faultsShownMax)
    faults.push(`${source.label}: the first ${faultsShownMax} faults; there may be more`);
  if (faults.length > 0) throw new Refusal(faults);
  if (count === 0) throw new Refusal([`${source.label}: holds no record (INPUT_INVALID)`]);
  if (kept.length === count) return new KeptRecords(source.label, kept);
  return new StreamedRecords(source, count);
}

/** Lines of standard input as they come, which may be never-ending: they are checked as they stream. @param stopped ends them */
export function openLines(stopped: Promise<void>): InputRecords {
  const open = (): AsyncIterable<Uint8Array> => until(stopped, process.stdin);
  return new StreamedRecords({ label: 'standard input', form: 'lines', bytes: null, open, isRepeatable: false }, null);
}

async function* until(stopped: Promise<void>, stream: NodeJS.ReadStream): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (;;) {
    const next = await Promise.race([chunks.next(), stopped]);
    if (next === undefined) stream.destroy();
    if (next === undefined || next.done === true) return;
    yield next.value;
  }
}

class KeptRecords implements InputRecords {
  readonly fault = null;
  readonly count: number;
  constructor(
    readonly label: string,
    private readonly kept: readonly JsonObject[],
  ) {
    this.count = kept.length;
  }

  *records(isRepeated: boolean): Generator<JsonObject> {
    do yield* this.kept;
    while (isRepeated);
  }
}

class StreamedRecords implements InputRecords {
  fault: string | null = null;
  readonly label: string;
  readonly #source: Source;

  constructor(
    source: Source,
    readonly count: number | null,
  ) {
    this.label = source.label;
    this.#source = source;
  }

  async *records(isRepeated: boolean): AsyncGenerator<JsonObject> {
    do {
      let isEmpty = true;
      for await (const read of readAll(this.#source)) {
        if ('fault' in read) {
          this.fault = read.fault;
          return;
        }
        isEmpty = false;
        yield read.record;
      }
      if (isEmpty) return;
    } while (isRepeated && this.#source.isRepeatable);
  }
}

async function sourceOf(given: string, option: string): Promise<Source> {
  if (given !== '-' && !given.startsWith('@')) {
    const bytes = Buffer.from(given);
    return {
      label: option,
      form: formOf(given, false),
      bytes: bytes.length,
      open: () => once([bytes]),
      isRepeatable: true,
    };
  }
  if (given === '-') return pipeSource('standard input', process.stdin, false);
  const file = given.slice(1);
  const isNamedLines = /\.(ndjson|jsonl)$/i.test(file);
  try {
    const stat = fs.statSync(file);
    if (stat.isDirectory()) throw new Refusal([`${file}: is a folder, not a file (INPUT_INVALID)`]);
    if (!stat.isFile()) return await pipeSource(file, fs.createReadStream(file), isNamedLines);
    const form = formOf(beginningOf(file), isNamedLines);
    return { label: file, form, bytes: stat.size, open: () => fs.createReadStream(file), isRepeatable: true };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal([
      `${file}: cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)} (INPUT_INVALID)`,
    ]);
  }
}

/** Something that can be read once: kept when it ends within `checkedBytesMax`. */
async function pipeSource(label: string, stream: AsyncIterable<Uint8Array>, isNamedLines: boolean): Promise<Source> {
  const iterator = stream[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) {
      const form = formOf(beginningText(chunks), isNamedLines);
      return { label, form, bytes, open: () => once(chunks), isRepeatable: true };
    }
    chunks.push(next.value);
    bytes += next.value.length;
    if (bytes <= checkedBytesMax) continue;
    const form = formOf(beginningText(chunks), isNamedLines);
    return { label, form, bytes: null, open: () => once(chunks, iterator), isRepeatable: false };
  }
}

async function* once(chunks: readonly Uint8Array[], rest?: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
  for (let next = await rest?.next(); next !== undefined && next.done !== true; next = await rest?.next())
    yield next.value;
}

function beginningOf(file: string): string {
  const descriptor = fs.openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(beginningBytes);
    return beginningText([bytes.subarray(0, fs.readSync(descriptor, bytes))]);
  } finally {
    fs.closeSync(descriptor);
  }
}

function beginningText(chunks: readonly Uint8Array[]): string {
  return withoutMark(wholeText(Buffer.concat(chunks.slice(0, 2)).subarray(0, beginningBytes)).text);
}

type Read = { readonly record: JsonObject } | { readonly fault: string };

/** One round of a source: its records or their faults. A broken list ends it. */
async function* readAll(source: Source): AsyncGenerator<Read> {
  try {
    for await (const text of recordsOf(textOf(source.open()), source.form)) yield readRecord(text, source);
  } catch (error) {
    if (!(error instanceof SplitFault)) throw error;
    yield { fault: `${source.label}:${error.line}:${error.column} ${error.message} (INPUT_INVALID)` };
  }
}

function readRecord(text: RecordText, { label, form }: Source): Read {
  const record = form === 'single' ? '' : `record ${text.index}: `;
  const refuse = (offset: number, field: string, problem: string): Read => {
    const { line, column } = placeIn(text.text, offset, text);
    return {
      fault: `${label}:${line}:${column} ${record}${field === '' ? '' : `${field}: `}${problem} (INPUT_INVALID)`,
    };
  };
  if (text.isCut)
    return refuse(0, 'input', `an input's text has at most ${figure(inputTextLengthMax)} characters, found more`);
  let value: unknown;
  try {
    value = JSON.parse(text.text);
  } catch (error) {
    const fault = syntaxFault(text.text);
    const problem = fault?.problem ?? quote(error instanceof Error ? error.message : String(error));
    return refuse(fault?.offset ?? 0, '', `is not JSON: ${problem}`);
  }
  // What JSON.parse made has no getters and no cycles: only depth can stop JSON.stringify, and that is told apart.
  const checked = checkInput(value);
  if (checked.ok) return { record: value as JsonObject };
  const { path, message } = checked.fault;
  return refuse(offsetOf(text.text, path), path === '' ? 'input' : path, message);
}
