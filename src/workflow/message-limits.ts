// How much a message may be, whoever publishes it.

/** Bytes of its data as JSON. */
export const messageBytesMax = 262_144;
/** Of those that do not say their own; 1 is the highest. */
export const messagePriority = 10;
