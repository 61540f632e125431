// A crontab expression in words.

import { listInWords, monthWord, placeOf, weekdayWord } from '../words.js';
import type { Crontab, DaysOfMonth, DaysOfWeek } from './ast.js';

/** Such as `at 08:30:00 on Monday to Friday`. */
export function explainCrontab(crontab: Crontab): string {
  const days = [
    ...(crontab.daysOfMonth === null ? [] : [`on ${wordsOfDaysOfMonth(crontab.daysOfMonth)} of the month`]),
    ...(crontab.daysOfWeek === null ? [] : [`on ${wordsOfDaysOfWeek(crontab.daysOfWeek)}`]),
  ];
  const parts = [
    wordsOfTimes(crontab),
    days.length === 0 ? 'every day' : days.join(' or '),
    ...(crontab.months === null ? [] : [`in ${ranges(crontab.months, monthWord)}`]),
    ...(crontab.years === null ? [] : [`in ${ranges(crontab.years, String)}`]),
    ...(crontab.zoneName === null ? [] : [`(clocks of ${crontab.zoneName})`]),
  ];
  return parts.join(' ');
}

function wordsOfTimes({ hours, minutes, seconds }: Crontab): string {
  const times = hours.length * minutes.length * seconds.length;
  if (times <= 6) {
    const texts = hours.flatMap(hour => minutes.flatMap(minute => seconds.map(second => [hour, minute, second])));
    return `at ${listInWords(texts.map(time => time.map(each => String(each).padStart(2, '0')).join(':')))}`;
  }
  const second = seconds.length === 60 ? 'every second' : `second ${ranges(seconds, String)}`;
  const minute = minutes.length === 60 ? 'every minute' : `minute ${ranges(minutes, String)}`;
  const hour = hours.length === 24 ? 'every hour' : `hour ${ranges(hours, String)}`;
  return `at ${second} of ${minute} of ${hour}`;
}

function wordsOfDaysOfMonth({ days, beforeLast, nearest, nearestBeforeLast }: DaysOfMonth): string {
  const fromEnd = (before: number): string => (before === 0 ? 'the last day' : `${before} days before the last`);
  return listInWords([
    ...(days.length === 0 ? [] : [`day ${ranges(days, String)}`]),
    ...beforeLast.map(fromEnd),
    ...nearest.map(day => `the weekday nearest to day ${day}`),
    ...nearestBeforeLast.map(before => `the weekday nearest to ${fromEnd(before)}`),
  ]);
}

function wordsOfDaysOfWeek({ weekdays, nth }: DaysOfWeek): string {
  return listInWords([
    ...(weekdays.length === 0 ? [] : [ranges(weekdays, weekdayWord)]),
    ...nth.map(({ weekday, n }) => `the ${placeOf(n)} ${weekdayWord(weekday)} of the month`),
  ]);
}

/** `1 to 5 and 9`: runs of three and more are ranges. */
function ranges(values: readonly number[], wordOf: (value: number) => string): string {
  const words: string[] = [];
  for (let index = 0; index < values.length; ) {
    let last = index;
    while (values[last + 1] === values[last]! + 1) last += 1;
    if (last - index >= 2) words.push(`${wordOf(values[index]!)} to ${wordOf(values[last]!)}`);
    else words.push(...values.slice(index, last + 1).map(wordOf));
    index = last + 1;
  }
  return listInWords(words);
}
