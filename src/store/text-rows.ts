// Rows asked for in text format.

import type { TextRow } from './contract.js';
import type { SqlRows } from './driver.js';

const decoder = new TextDecoder();

/** A column of a text-format row. */
export function textOf(column: Uint8Array): string {
  return decoder.decode(column);
}

export function textRows(rows: SqlRows): TextRow[] {
  return rows.map(row => row.map(column => (column === null ? null : textOf(column))));
}
