// What an audit trail trigger asks of an event. Pure; a text with any number of `*` costs no more than its length.

import type { AuditTrailTrigger } from '../../workflow/model.js';
import type { AuditRecord } from '../reads/audit-pages.js';

/** What is asked about, but for who caused it. */
export type AuditTraits = Pick<AuditRecord, 'event' | 'shortName' | 'action' | 'engine' | 'message' | 'workflow'>;

export interface AuditPattern {
  fits(event: AuditTraits): boolean;
  fitsUser(user: string | null): boolean;
}

export function auditPattern({ event, action, engine, message, workflow, user }: AuditTrailTrigger): AuditPattern {
  const [isEvent, isAction, isEngine, says, isOf, isBy] = [event, action, engine, message, workflow, user].map(
    wildcard,
  );
  return {
    fits: traits =>
      (isEvent!(traits.event) || isEvent!(traits.shortName)) &&
      isAction!(traits.action) &&
      isEngine!(traits.engine) &&
      isOf!(traits.workflow) &&
      says!(traits.message),
    fitsUser: isBy!,
  };
}

/** Whether a text is as the pattern says, where `*` stands for any characters; none is as an empty one. */
export function wildcard(pattern = '*'): (text: string | null) => boolean {
  const [first, ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text => text === pattern;
  return text => {
    if (text === null) return pattern === '*';
    if (!text.startsWith(first!) || text.length < first!.length + last.length || !text.endsWith(last)) return false;
    let at = first!.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  };
}
