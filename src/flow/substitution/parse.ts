// From a text to its parts. What can be wrong with an expression by itself is found here; what it names may still be missing.

import { TimeExpressionError } from '../../time/errors.js';
import { parseRelative, type RelativeExpression } from '../../time/relative/index.js';
import type { Parsed } from '../../workflow/fault.js';
import { faultInText, type GrammarFault, grammarFault } from '../../workflow/grammar-fault.js';
import type { Template, TemplatePart } from './ast.js';
import { parse, type WrittenDate } from './substitution-grammar.js';

/** Longest text with expressions in it, in UTF-16 units. */
export const templateLengthMax = 32_768;
/** Most expressions of one text. */
export const expressionsMax = 1_000;

/** What the parts of a text cannot be, thrown between the functions of this file. */
class Refused extends Error {
  constructor(readonly fault: GrammarFault) {
    super(fault.found);
  }
}

/** Whether a text has anything to substitute, or to take `$${` for; the others need not be parsed. */
export function isTemplate(text: string): boolean {
  return text.includes('${');
}

/**
 * Reads a text such as `Dear ${RESULT.name}, until ${date (+7d) D d MMMM}`.
 *
 * @returns its parts, or a fault `SUBSTITUTION_INVALID` with line, column and character (from 1) and what would be accepted;
 *   its path and file are the caller's to fill in
 */
export function parseTemplate(text: string): Parsed<Template> {
  if (!isTemplate(text)) return { ok: true, value: { text, parts: text === '' ? [] : [{ kind: 'text', text }] } };
  try {
    return { ok: true, value: { text, parts: partsOf(text) } };
  } catch (error) {
    const fault = error instanceof Refused ? error.fault : grammarFault(text, error);
    return { ok: false, fault: faultInText('SUBSTITUTION_INVALID', text, fault) };
  }
}

function partsOf(text: string): readonly TemplatePart[] {
  if (text.length > templateLengthMax) {
    throw refused(templateLengthMax, `${text.length} characters`, `at most ${templateLengthMax}`);
  }
  return parse(text, { expressionsMax }).map(part =>
    part.kind === 'date' ? { ...part, relative: relativeOf(part) } : part,
  );
}

function relativeOf({ relative }: WrittenDate): RelativeExpression | null {
  if (relative === null) return null;
  try {
    return parseRelative(relative.text);
  } catch (error) {
    if (!(error instanceof TimeExpressionError)) throw error;
    const before = [...relative.text].slice(0, error.position - 1).join('');
    throw refused(relative.index + before.length, error.found, error.expected);
  }
}

function refused(index: number, found: string, expected: string): Refused {
  return new Refused({ index, found, expected });
}
