// What the parser generated from cron.peggy returns. `at` is an index into the expression.

export interface RawNumber {
  readonly at: number;
  readonly number: number;
}

export interface RawWord {
  readonly at: number;
  /** In lower case. */
  readonly name: string;
}

export type RawItem =
  | { readonly kind: 'any'; readonly at: number; readonly step: RawNumber | null }
  | { readonly kind: 'plus'; readonly at: number; readonly count: RawNumber }
  | { readonly kind: 'from-end'; readonly at: number; readonly count: RawNumber; readonly word: RawWord | null }
  | { readonly kind: 'position'; readonly at: number; readonly count: RawNumber; readonly word: RawWord }
  | {
      readonly kind: 'range';
      readonly at: number;
      readonly from: RawNumber | RawWord;
      readonly to: RawNumber | RawWord | null;
      readonly step: RawNumber | null;
    };

export interface RawField {
  readonly kind: 'field';
  readonly at: number;
  readonly items: readonly RawItem[];
}

export interface RawLoop {
  readonly kind: 'loop';
  readonly at: number;
  readonly start: readonly RawField[];
  readonly end: readonly RawField[];
  readonly increment: readonly RawField[];
  readonly count: RawNumber | null;
}

export interface RawColumns {
  readonly kind: 'columns';
  readonly at: number;
  readonly end: number;
  readonly cells: readonly (RawField | RawLoop)[];
}

export type RawCron = RawColumns | { readonly kind: 'or'; readonly alternatives: readonly RawColumns[] };

/** @throws peggy's SyntaxError: see `grammarFault` */
export function parse(text: string): RawCron;
