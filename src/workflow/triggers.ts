// Which actions are triggers, and what can become of them.

import type { Action, Trigger } from './model.js';

const types: {
  readonly [type in Trigger['type']]: { readonly isExpeditable: boolean; readonly expires: readonly string[] };
} = {
  delay: { isExpeditable: true, expires: ['count', 'expiration'] },
  manual: { isExpeditable: true, expires: [] },
  fileExist: { isExpeditable: false, expires: [] },
  // Whatever says when it fires may have an end.
  timer: { isExpeditable: true, expires: ['expression', 'cron', 'rrule', 'at'] },
  message: { isExpeditable: false, expires: [] },
  auditTrail: { isExpeditable: false, expires: [] },
};

export function isTriggerType(type: unknown): type is Trigger['type'] {
  return typeof type === 'string' && Object.hasOwn(types, type);
}

export function isTrigger(action: Action): action is Trigger {
  return isTriggerType(action.type);
}

/** Whether operators can have it fire at once. */
export function isExpeditable({ type }: Action): boolean {
  return isTriggerType(type) && types[type].isExpeditable;
}

/** Whether what is written is a trigger that can have nothing left to fire for: it has one of the properties that say so. */
export function canExpire(written: { readonly [key: string]: unknown }): boolean {
  const { type } = written;
  return isTriggerType(type) && types[type].expires.some(property => written[property] !== undefined);
}
