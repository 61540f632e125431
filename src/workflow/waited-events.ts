// Names of the events that segments wait for at triggers (`Segment.waitsFor`).

const messagePrefix = 'message:';

/** A message of a publisher. @param publisher its full name */
export function messageEvent(publisher: string): string {
  return messagePrefix + publisher;
}

/** The publisher whose messages are waited for; `null`: it is another kind of event. */
export function publisherOf(event: string | null): string | null {
  return event?.startsWith(messagePrefix) === true ? event.slice(messagePrefix.length) : null;
}

/** Comes before all of `messageEvent` in order, and behind nothing else that is one. */
export const beforeMessageEvents = messagePrefix;

/** An event in the audit. */
export const auditTrailEvent = 'audit';

/** It has come, and lies in what the trigger keeps: nobody is to bring another. */
export const deliveredEvent = 'delivered';
