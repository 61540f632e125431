// A cron-style expression in words.

import { listInWords, monthWord, placeOf, weekdayWord } from '../words.js';
import type { Column, CronAst, CronColumns, Item } from './ast.js';
import {
  columns,
  DAY_OF_MONTH,
  DAY_OF_WEEK,
  DAY_OF_YEAR,
  MONTH,
  WEEK_OF_MONTH,
  WEEK_OF_YEAR,
  YEAR,
} from './columns.js';
import { explainTimes } from './explain-times.js';

/** Such as `at 09:30 on the last Friday of the month`. */
export function explainCron(ast: CronAst): string {
  if (ast.kind === 'or') return ast.alternatives.map(explainColumns).join('; or ');
  return explainColumns(ast);
}

function explainColumns(ast: CronColumns): string {
  const days = [DAY_OF_MONTH, DAY_OF_WEEK, DAY_OF_YEAR, WEEK_OF_MONTH, WEEK_OF_YEAR, MONTH, YEAR]
    .map(column => explainDays(column, ast.columns[column]!))
    .filter(words => words !== '');
  return [explainTimes(ast), ...(days.length === 0 ? ['every day'] : days)].join(' ');
}

const ofUnits: Readonly<Record<number, string>> = {
  [DAY_OF_MONTH]: ' of the month',
  [DAY_OF_YEAR]: ' of the year',
  [WEEK_OF_MONTH]: ' of the month',
  [WEEK_OF_YEAR]: ' of the year',
};

/** What `+n` counts. */
const countedUnits: Readonly<Record<number, string>> = {
  [DAY_OF_MONTH]: 'day',
  [MONTH]: 'month',
  [DAY_OF_WEEK]: 'day',
  [DAY_OF_YEAR]: 'day',
  [WEEK_OF_MONTH]: 'week',
  [WEEK_OF_YEAR]: 'week',
  [YEAR]: 'year',
};

function explainDays(column: number, content: Column): string {
  switch (content.kind) {
    case 'any':
    case 'loop': // loops are of the time of day
      return '';
    case 'plus':
      return `on every ${placeOf(content.count)} ${countedUnits[column]} after the reference`;
    case 'mark':
      return content.mark === 'b' ? 'on business days' : 'on days without business';
    case 'values':
      return `${introduce(column)}${listInWords(content.items.map(item => explainItem(column, item)))}${ofUnits[column] ?? ''}`;
  }
}

function introduce(column: number): string {
  if (column === WEEK_OF_MONTH || column === WEEK_OF_YEAR) return 'in week ';
  return column === MONTH || column === YEAR ? 'in ' : 'on ';
}

function explainItem(column: number, item: Item): string {
  switch (item.kind) {
    case 'range': {
      const { min, max } = columns[column]!;
      const { from, to, step } = item;
      const word = wordOf(column);
      const noun = column === DAY_OF_MONTH || column === DAY_OF_YEAR ? 'day ' : '';
      if (from === to) return `${noun}${word(from)}`;
      if (step === 1) return `${noun}${word(from)} to ${word(to)}`;
      const every = `every ${placeOf(step)} ${countedUnits[column]}`;
      return from === min && to === max ? `${every} from ${word(from)}` : `${every} from ${word(from)} to ${word(to)}`;
    }
    case 'from-end':
      return `the ${placeOf(-item.count)} day`;
    case 'weekday':
      return `the ${placeOf(item.position)} ${weekdayWord(item.weekday - 1)}`;
    case 'marked':
      return `the ${placeOf(item.position)} ${item.mark === 'b' ? 'business day' : 'day without business'}`;
  }
}

function wordOf(column: number): (value: number) => string {
  if (column === MONTH) return value => monthWord(value + 1);
  return column === DAY_OF_WEEK ? value => weekdayWord(value - 1) : String;
}
