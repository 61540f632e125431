// What the parser generated from relative.peggy returns.

export interface WrittenCount {
  readonly digits: string;
  readonly index: number;
}

export interface WrittenUnit {
  readonly word: string;
  readonly index: number;
}

export type WrittenStep =
  | {
      readonly operator: '+' | '-' | '<' | '>' | '^' | '@';
      readonly index: number;
      readonly count: WrittenCount | null;
      readonly fromEnd: boolean;
      readonly unit: WrittenUnit;
    }
  | {
      readonly operator: '?';
      readonly index: number;
      readonly unit: WrittenUnit;
      readonly whenSo: readonly WrittenStep[];
      readonly otherwise: readonly WrittenStep[];
    };

/** @throws peggy's SyntaxError: see `faultOfGrammar` */
export function parse(text: string): readonly WrittenStep[];
