// LIKE patterns: `%` stands for any characters, `_` for one (a code point). Compiled once; matching looks at each character
// of the text once for every 32 of the longest piece between two `%`, whatever text and pattern are.
//
// Pieces between `%` are found one after the other, each as early as it can be: that is enough, since `%` takes what
// lies between. A piece is found by shift-and: bit i of a state says that its first i+1 characters stand here.

/** What stands for one character of a piece; `null` is `_`. */
type Piece = readonly (number | null)[];

export interface LikePattern {
  matches(text: string): boolean;
  /** Steps that matching takes for each character of a text. */
  readonly stepsPerCharacter: number;
}

/** @param escaper one character that makes a `_`, `%` or itself behind it literal; empty: none */
export function compileLike(pattern: string, escaper: string): LikePattern {
  const pieces = piecesOf(pattern, escaper);
  return plainPattern(pieces) ?? searchingPattern(pieces);
}

/** What is common needs no search: `abc`, `abc%`, `%abc` and `ab%c`. */
function plainPattern(pieces: readonly Piece[]): LikePattern | null {
  if (pieces.length > 2 || pieces.some(piece => piece.includes(null))) return null;
  const [head, tail] = pieces.map(piece => String.fromCodePoint(...(piece as readonly number[]))) as [string, string?];
  if (tail === undefined) return { stepsPerCharacter: 1, matches: text => text === head };
  const lengthMin = head.length + tail.length;
  return {
    stepsPerCharacter: 1,
    matches: text => text.length >= lengthMin && text.startsWith(head) && text.endsWith(tail),
  };
}

function searchingPattern(pieces: readonly Piece[]): LikePattern {
  const [head, ...others] = pieces as [Piece, ...Piece[]];
  const tail = others.pop();
  const searches = others.filter(piece => piece.length > 0).map(piece => new PieceSearch(piece));
  const lengthMin = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return {
    stepsPerCharacter: 1 + Math.max(0, ...searches.map(({ words }) => words)),
    matches(text) {
      if (text.length < lengthMin) return false;
      const codes = codesOf(text);
      if (codes.length < lengthMin || !standsAt(head, codes, 0)) return false;
      if (tail === undefined) return codes.length === head.length;
      const tailAt = codes.length - tail.length;
      if (!standsAt(tail, codes, tailAt)) return false;
      let at: number | null = head.length;
      for (const search of searches) {
        at = search.endIn(codes, at, tailAt);
        if (at === null) return false;
      }
      return at <= tailAt;
    },
  };
}

/** What stands between the `%`: one piece more than there are of them. */
function piecesOf(pattern: string, escaper: string): readonly Piece[] {
  const characters = [...pattern];
  const pieces: (number | null)[][] = [[]];
  for (let index = 0; index < characters.length; index++) {
    let character = characters[index]!;
    const next = characters[index + 1];
    const piece = pieces.at(-1)!;
    // An escape before anything else keeps its own meaning (ESCAPE '%': the `%` of '%a' is still any characters).
    if (character === escaper && next !== undefined && (next === '_' || next === '%' || next === escaper)) {
      character = next;
      index += 1;
    } else if (character === '%') {
      pieces.push([]);
      continue;
    } else if (character === '_') {
      piece.push(null);
      continue;
    }
    piece.push(character.codePointAt(0)!);
  }
  return pieces;
}

/** Code points; a text without surrogates has as many as units. */
function codesOf(text: string): Uint32Array {
  const codes = new Uint32Array(text.length);
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index)!;
    if (code > 0xffff) index += 1;
    codes[count] = code;
    count += 1;
  }
  return count === codes.length ? codes : codes.subarray(0, count);
}

function standsAt(piece: Piece, codes: Uint32Array, at: number): boolean {
  for (let index = 0; index < piece.length; index++) {
    const code = piece[index];
    if (code !== null && code !== codes[at + index]) return false;
  }
  return true;
}

const bitsOfWord = 32;
/** Rows of a mask table: one for each ASCII character, one for all that a piece does not name, then those it does. */
const asciiRows = 128;

/** Finds a piece in a text. */
class PieceSearch {
  readonly words: number;
  /** For each character, `words` words: where in the piece it may stand. */
  readonly #masks: Uint32Array;
  readonly #rows = new Map<number, number>();
  readonly #state: Uint32Array;
  /** The bit of the piece's last character. */
  readonly #lastBit: number;

  constructor(piece: Piece) {
    this.words = Math.ceil(piece.length / bitsOfWord);
    this.#state = new Uint32Array(this.words);
    this.#lastBit = 1 << ((piece.length - 1) % bitsOfWord);
    for (const code of piece) {
      if (code !== null && code >= asciiRows && !this.#rows.has(code))
        this.#rows.set(code, asciiRows + 1 + this.#rows.size);
    }
    const rows = asciiRows + 1 + this.#rows.size;
    this.#masks = new Uint32Array(rows * this.words);
    for (const [index, code] of piece.entries()) {
      if (code !== null) this.#allow(this.#rowOf(code), index);
      else for (let row = 0; row < rows; row++) this.#allow(row, index);
    }
  }

  /** Where the first one in `codes[from]` to `codes[to - 1]` has ended, or `null`. */
  endIn(codes: Uint32Array, from: number, to: number): number | null {
    const words = this.words;
    const masks = this.#masks;
    const state = this.#state.fill(0);
    for (let at = from; at < to; at++) {
      const mask = this.#rowOf(codes[at]!) * words;
      let carried = 1;
      for (let word = 0; word < words; word++) {
        const bits = state[word]!;
        state[word] = ((bits << 1) | carried) & masks[mask + word]!;
        carried = bits >>> 31;
      }
      if ((state[words - 1]! & this.#lastBit) !== 0) return at + 1;
    }
    return null;
  }

  #rowOf(code: number): number {
    return code < asciiRows ? code : (this.#rows.get(code) ?? asciiRows);
  }

  #allow(row: number, index: number): void {
    this.#masks[row * this.words + Math.floor(index / bitsOfWord)]! |= 1 << (index % bitsOfWord);
  }
}
