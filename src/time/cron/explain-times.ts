// The columns of the time of day in words.

import { listInWords, placeOf } from '../words.js';
import type { Column, CronColumns, Loop } from './ast.js';
import { columns, HOUR, MILLISECOND, MINUTE, SECOND } from './columns.js';
import { unitsMs } from './time-levels.js';

/** Times that are listed one by one; more are told by their columns. */
const listedMax = 6;

/** Such as `at 10:30`, `at minute 0 and 30 of hour 9 to 17`, `every 15 minutes from 10:15 until 12:30`. */
export function explainTimes(ast: CronColumns): string {
  const marks = [MILLISECOND, SECOND, MINUTE, HOUR].flatMap(column => {
    const content = ast.columns[column]!;
    return content.kind === 'mark' ? [content.mark] : [];
  });
  const business = [...new Set(marks)].map(mark => (mark === 'b' ? ' in business time' : ' outside business time'));
  return `${ast.loop === null ? explainColumns(ast.columns) : explainLoop(ast.columns, ast.loop)}${business.join('')}`;
}

function explainColumns(contents: readonly Column[]): string {
  const values = [HOUR, MINUTE, SECOND, MILLISECOND].map(column => valuesOf(column, contents[column]!));
  const [hours, minutes, seconds, milliseconds] = values;
  const count = values.reduce((product, each) => product * (each?.length ?? Number.POSITIVE_INFINITY), 1);
  if (count <= listedMax) {
    const times = hours!.flatMap(hour =>
      minutes!.flatMap(minute =>
        seconds!.flatMap(second => milliseconds!.map(millisecond => clockText([millisecond, second, minute, hour]))),
      ),
    );
    return `at ${listInWords(times)}`;
  }
  return `at ${explainFrom(contents, HOUR)}`;
}

/** The columns up to `last`, the finest first; a zero in the finest ones goes without saying. */
function explainFrom(contents: readonly Column[], last: number): string {
  const words: string[] = [];
  for (let column = MILLISECOND; column <= last; column += 1) {
    const content = contents[column]!;
    const values = valuesOf(column, content);
    if (words.length === 0 && column < MINUTE && values?.length === 1 && values[0] === 0) continue;
    words.push(explainColumn(column, content));
  }
  return words.join(' of ');
}

function explainColumn(column: number, content: Column): string {
  const unit = unitWord(column);
  switch (content.kind) {
    case 'any':
    case 'mark':
    case 'loop':
      return `every ${unit}`;
    case 'plus':
      return `every ${placeOf(content.count)} ${unit} after the reference`;
    case 'values': {
      const [only] = content.items;
      if (content.items.length === 1 && only!.kind === 'range' && only!.step > 1) {
        const { min, max } = columns[column]!;
        if (only!.from === min && only!.to === max) return `every ${placeOf(only!.step)} ${unit}`;
      }
      const items = content.items.map(item => {
        if (item.kind !== 'range') return '';
        const { from, to, step } = item;
        if (from === to) return String(from);
        return step === 1 ? `${from} to ${to}` : `${from} to ${to} by ${step}`;
      });
      return `${unit} ${listInWords(items)}`;
    }
  }
}

function explainLoop(contents: readonly Column[], loop: Loop): string {
  const increments = loop.increment.flatMap((units, index) => {
    return units === 0 ? [] : [`${units} ${unitWord(loop.first + index)}${units === 1 ? '' : 's'}`];
  });
  const [start, end] = [pointOf(loop.start, loop), pointOf(loop.end, loop)];
  const goesOver = timeOf(loop.end, loop) < timeOf(loop.start, loop);
  const next = goesOver ? ` of the next ${unitWord(loop.last + 1)}` : '';
  const most = loop.count === null ? '' : `, ${loop.count === 1 ? 'once' : `${loop.count} times at most`}`;
  const within = loop.first === MILLISECOND ? '' : explainFrom(contents, loop.first - 1);
  const outer = loop.last === HOUR ? '' : ` of ${outerWords(contents, loop.last + 1)}`;
  const words = `every ${listInWords(increments)} from ${start} until ${end}${next}${most}${outer}`;
  return within === '' ? words : `at ${within}, ${words}`;
}

function outerWords(contents: readonly Column[], from: number): string {
  return contents
    .slice(from, HOUR + 1)
    .map((content, index) => explainColumn(from + index, content))
    .join(' of ');
}

/** A point of a loop as clocks show it, or in words when it has no hour. */
function pointOf(values: readonly number[], { first, last }: Loop): string {
  if (last === HOUR) return clockText([...new Array<number>(first).fill(0), ...values]);
  return values.map((value, index) => `${unitWord(first + index)} ${value}`).join(' of ');
}

function timeOf(values: readonly number[], { first }: Loop): number {
  return values.reduce((total, value, index) => total + value * unitsMs[first + index]!, 0);
}

/** The numbers a column has, or null when that is not so simple. */
function valuesOf(column: number, content: Column): number[] | null {
  if (content.kind !== 'values') return null;
  const { min, max } = columns[column]!;
  const isAdmitted = (value: number): boolean =>
    content.items.some(
      item => item.kind === 'range' && value >= item.from && value <= item.to && (value - item.from) % item.step === 0,
    );
  return Array.from({ length: max - min + 1 }, (_, index) => min + index).filter(isAdmitted);
}

/** `10:30`, `10:30:15`, `10:30:15.250`. */
function clockText(time: readonly number[]): string {
  const [millisecond, second, minute, hour] = time as readonly [number, number, number, number];
  const two = (value: number): string => String(value).padStart(2, '0');
  const fraction = millisecond === 0 ? '' : `.${String(millisecond).padStart(3, '0')}`;
  const seconds = second === 0 && millisecond === 0 ? '' : `:${two(second)}${fraction}`;
  return `${two(hour)}:${two(minute)}${seconds}`;
}

/** `minute`; a day above the hours. */
function unitWord(column: number): string {
  return column > HOUR ? 'day' : columns[column]!.name.slice(0, -1);
}
