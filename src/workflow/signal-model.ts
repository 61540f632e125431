// Signals, as they are written. Part of the model.

import Type from 'typebox';

/** Of signals an action or a flow names. */
export const signalsMax = 100;

/** A letter or `_` first, then letters, digits, `_ - .` and spaces within. */
export const SignalName = Type.String({ minLength: 1, maxLength: 200 });

export const SignalNames = Type.Array(SignalName, { minItems: 1, maxItems: signalsMax });
