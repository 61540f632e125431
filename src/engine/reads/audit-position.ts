// A place in the audit: behind an event, or behind everything of a row. As text it is a cursor.
//
// The order of the audit is that of the transactions, then of the rows in them, then of the events in a row. A row of a
// transaction is read only when every transaction that began before it has ended, so nothing can come to stand behind a
// place that has been passed (D10); numbers of rows alone (`seq`) are taken before their commits and would not do.

import { EngineError } from '../../observe/errors.js';

/** An event in its row. Events of one member sent by one action share `step`; `twin` counts them. */
export interface EventPlace {
  readonly group: number;
  /** -1: no single member. */
  readonly ordinal: number;
  readonly step: number;
  readonly twin: number;
}

export interface AuditPosition {
  /** Numbers of PostgreSQL's, 64 bits: as text. */
  readonly transaction: string;
  readonly seq: string;
  /** `null`: behind all events of the row. */
  readonly event: EventPlace | null;
}

/** Before everything there is. */
export const auditBeginning: AuditPosition = { transaction: '0', seq: '0', event: null };

export function cursorOf({ transaction, seq, event }: AuditPosition): string {
  if (event === null) return `${transaction}.${seq}`;
  return `${transaction}.${seq}.${event.group}.${event.ordinal + 1}.${event.step}.${event.twin}`;
}

const pattern = /^(\d{1,18})\.(\d{1,18})(?:\.(\d{1,9})\.(\d{1,5})\.(\d{1,15})\.(\d{1,9}))?$/;

/** @throws EngineError `CURSOR_INVALID` */
export function positionOf(cursor: string): AuditPosition {
  const found = pattern.exec(cursor);
  if (found === null) throw new EngineError('CURSOR_INVALID', 'the cursor is none of the audit');
  const [, transaction, seq, group, ordinal, step, twin] = found;
  return {
    transaction: transaction!,
    seq: seq!,
    event:
      group === undefined
        ? null
        : { group: Number(group), ordinal: Number(ordinal) - 1, step: Number(step), twin: Number(twin) },
  };
}

export function isSamePlace(a: Omit<EventPlace, 'twin'>, b: Omit<EventPlace, 'twin'>): boolean {
  return a.group === b.group && a.ordinal === b.ordinal && a.step === b.step;
}

/** Whether an event has been told to who has come to `passed` of the same row. */
export function isPassed(event: EventPlace, passed: EventPlace, order: 'oldest' | 'newest'): boolean {
  const difference =
    event.group - passed.group ||
    event.ordinal - passed.ordinal ||
    event.step - passed.step ||
    event.twin - passed.twin;
  return order === 'oldest' ? difference <= 0 : difference >= 0;
}
