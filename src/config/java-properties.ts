// The file format of `java.util.Properties`, as its documentation has it: comments with # and !, keys that end at =, : or a
// blank, a backslash at a line's end that goes on in the next, escapes. It keeps every property, in order, repeats too: what
// they mean is not decided here.

/** A property as it was written. Offsets count UTF-16 units from the start of the text. */
export interface WrittenProperty {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: string;
  readonly valueOffset: number;
}

/** Told of an escape that is none. */
export type ReportEscape = (offset: number, message: string) => void;

/** All properties of a text, in order; O(characters). */
export function* javaProperties(text: string, report: ReportEscape): Generator<WrittenProperty> {
  const reading = new Reading(text, report);
  while (reading.toNextLine()) {
    const keyOffset = reading.at;
    const key = reading.take(isSeparator);
    const isSeparated = reading.skipSeparator();
    const valueOffset = reading.at;
    const value = reading.take(() => false);
    // A line of a backslash alone is none.
    if (key !== '' || value !== '' || isSeparated) yield { key, keyOffset, value, valueOffset };
  }
}

class Reading {
  at = 0;
  readonly #text: string;
  readonly #report: ReportEscape;

  constructor(text: string, report: ReportEscape) {
    this.#text = text;
    this.#report = report;
  }

  /** Past blank lines and comments. False at the end of the text. */
  toNextLine(): boolean {
    for (; this.at < this.#text.length; this.at++) {
      const sign = this.#text[this.at]!;
      if (isBlank(sign) || isLineEnd(sign)) continue;
      if (sign !== '#' && sign !== '!') return true;
      // A comment does not go on in the next line, whatever it ends with.
      while (this.at < this.#text.length && !isLineEnd(this.#text[this.at]!)) this.at += 1;
    }
    return false;
  }

  /** What stands up to the end of the line or the first sign that ends it, without its escapes. */
  take(ends: (sign: string) => boolean): string {
    let taken = '';
    while (this.at < this.#text.length) {
      if (this.#goesOn()) continue;
      const sign = this.#text[this.at]!;
      if (isLineEnd(sign) || ends(sign)) break;
      if (sign === '\\') taken += this.#escaped();
      else {
        taken += sign;
        this.at += 1;
      }
    }
    return taken;
  }

  /** Blanks, at most one = or :, blanks. Whether the sign was there. */
  skipSeparator(): boolean {
    this.#skipBlanks();
    const sign = this.#text[this.at];
    if (sign !== '=' && sign !== ':') return false;
    this.at += 1;
    this.#skipBlanks();
    return true;
  }

  #skipBlanks(): void {
    while (this.at < this.#text.length) {
      if (this.#goesOn()) continue;
      if (!isBlank(this.#text[this.at]!)) return;
      this.at += 1;
    }
  }

  /** At a backslash that ends its line: past it and the blanks the next line begins with. */
  #goesOn(): boolean {
    const next = this.#text[this.at + 1];
    if (this.#text[this.at] !== '\\' || next === undefined || !isLineEnd(next)) return false;
    this.at += next === '\r' && this.#text[this.at + 2] === '\n' ? 3 : 2;
    while (this.at < this.#text.length && isBlank(this.#text[this.at]!)) this.at += 1;
    return true;
  }

  #escaped(): string {
    const offset = this.at;
    const sign = this.#text[offset + 1];
    this.at += 2;
    switch (sign) {
      case undefined:
        // A backslash is the last sign of the file: Java drops it.
        return '';
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 'f':
        return '\f';
      case 'u': {
        const digits = this.#text.slice(offset + 2, offset + 6);
        if (!/^[0-9a-f]{4}$/i.test(digits)) {
          this.#report(offset, 'found \\u without four hexadecimal digits; a backslash itself is written \\\\');
          return '';
        }
        this.at += 4;
        return String.fromCharCode(Number.parseInt(digits, 16));
      }
      default:
        return sign;
    }
  }
}

function isBlank(sign: string): boolean {
  return sign === ' ' || sign === '\t' || sign === '\f';
}

function isLineEnd(sign: string): boolean {
  return sign === '\n' || sign === '\r';
}

function isSeparator(sign: string): boolean {
  return sign === '=' || sign === ':' || isBlank(sign);
}
