// A rate as people write it: `100 per +1m`, or `100 per +1m burst 20`. Without a burst it is as much as the rate lets through
// in its time.

import { type Rate, rateMembersMax, ratePerMsMax } from '../queue/rate.js';
import { TimeExpressionError } from '../time/errors.js';
import { durationOf, parseRelative } from '../time/relative/index.js';
import { type Checked, found, isWord, type Raw, refused, writtenOf } from './raw-value.js';

const accepted =
  'accepted is a rate such as 100 per +1m or 100 per +1m burst 20 (whole numbers from 1 to ' +
  `${rateMembersMax.toLocaleString('en-US')}, a relative time expression of a fixed length up to 31 days), or unlimited`;

export function checkRate(raw: Raw): Checked<Rate | 'unlimited'> {
  const text = writtenOf(raw);
  if (typeof text !== 'string' || text.trim() === '') {
    return refused('VALUE_INVALID', `found ${found(raw)}, ${accepted}`);
  }
  if (isWord(raw, 'unlimited')) return { ok: true, value: 'unlimited' };
  const parsed = parseRate(text);
  if ('fault' in parsed) {
    const character = [...text.slice(0, parsed.index)].length + 1;
    return refused('VALUE_INVALID', `found ${found(raw)}, at character ${character} ${parsed.fault}; ${accepted}`);
  }
  return { ok: true, value: parsed };
}

/** What is wrong, and where: an index into the text, its length when something is missing. */
interface RateFault {
  readonly fault: string;
  readonly index: number;
}

interface Word {
  readonly text: string;
  readonly index: number;
}

function parseRate(text: string): Rate | RateFault {
  const words = [...text.matchAll(/\S+/g)].map(({ 0: word, index }): Word => ({ text: word, index }));
  const [first, per, time] = words;
  const members = numberIn(first, text);
  if (typeof members === 'object') return members;
  if (per?.text.toLowerCase() !== 'per') return faultAt(per, text, '"per"');
  const burstAt = words.findIndex(({ text: word }, at) => at > 2 && word.toLowerCase() === 'burst');
  const end = words[burstAt]?.index ?? text.length;
  if (time === undefined) return faultAt(time, text, 'a relative time expression, such as +1m');
  const perMs = lengthIn({ text: text.slice(time.index, end).trimEnd(), index: time.index });
  if (typeof perMs === 'object') return perMs;
  if (burstAt === -1) return { members, perMs, burst: members };
  const burst = numberIn(words[burstAt + 1], text);
  if (typeof burst === 'object') return burst;
  const more = words[burstAt + 2];
  return more === undefined ? { members, perMs, burst } : faultAt(more, text, 'nothing more');
}

function numberIn(word: Word | undefined, text: string): number | RateFault {
  const value = word !== undefined && /^\d{1,9}$/.test(word.text) ? Number(word.text) : 0;
  if (value >= 1 && value <= rateMembersMax) return value;
  return faultAt(word, text, `a whole number from 1 to ${rateMembersMax.toLocaleString('en-US')}`);
}

/** In ms. */
function lengthIn({ text, index }: Word): number | RateFault {
  try {
    const lengthMs = durationOf(parseRelative(text));
    if (lengthMs >= 1 && lengthMs <= ratePerMsMax) return lengthMs;
    return faultAt({ text, index }, text, 'a time from a millisecond to 31 days');
  } catch (error) {
    if (!(error instanceof TimeExpressionError)) throw error;
    const inTime = [...text].slice(0, error.position - 1).join('').length;
    return { fault: `is ${error.found} (expected ${error.expected})`, index: index + inTime };
  }
}

function faultAt(word: Word | undefined, text: string, expected: string): RateFault {
  if (word === undefined) return { fault: `is the end (expected ${expected})`, index: text.length };
  const shown = word.text.length > 20 ? `${word.text.slice(0, 20)}…` : word.text;
  return { fault: `is ${JSON.stringify(shown)} (expected ${expected})`, index: word.index };
}
