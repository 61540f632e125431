// The README of substitution says what is so.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  expressionsMax,
  parseTemplate,
  type SubstitutionContext,
  substitute,
  substitutedLengthMax,
  templateLengthMax,
} from '../../../src/flow/substitution/index.js';
import { zoneNamed } from '../../../src/time/zone.js';

const readme = readFileSync(new URL('../../../src/flow/substitution/README.md', import.meta.url), 'utf8');
const context: SubstitutionContext = {
  scopes: [JSON.parse(/```json\n([^`]*)```/.exec(readme)![1]!)],
  runtime: name => ({ MAIL_HOST: 'mail.example', '/bank/PORT': 25 })[name],
  atMs: Date.parse('2026-11-05T14:05:09Z'),
  zone: zoneNamed('Europe/Zurich'),
};

function becomes(text: string, own: Partial<SubstitutionContext> = {}): unknown {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`);
  const outcome = substitute(parsed.value, { ...context, ...own });
  return outcome.ok ? outcome.value : outcome.message;
}

test('every example becomes what it says', () => {
  const rows = [...readme.matchAll(/^\| `([^`]*)` \| `([^`]*)` \|/gm)].filter(([, text]) => text!.includes('$'));
  expect(rows).toHaveLength(15);
  for (const [, text, expected] of rows) expect([text, becomes(text!)]).toEqual([text, JSON.parse(expected!)]);
});

test('every pattern gives what it says', () => {
  const rows = [...readme.matchAll(/^\| ((?:`[A-Za-z]+` ?)+) \| ([^|]*) \|$/gm)];
  expect(rows).toHaveLength(5);
  for (const [, patterns, expected] of rows) {
    const text = `\${date ${patterns!.replaceAll('`', '')}}`;
    expect(becomes(text, { atMs: Date.parse('2026-11-05T07:05:09Z') })).toBe(expected);
  }
});

test('the bounds are those', () => {
  for (const bound of [templateLengthMax, expressionsMax, substitutedLengthMax])
    expect(readme).toContain(bound.toLocaleString('en-US'));
});
