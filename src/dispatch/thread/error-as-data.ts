// An error of user code as data: errors lose their class and fields on the way between threads. Bounded, and cleaned
// of what the store cannot hold, because it goes into the audit.

import { ActionFault } from '../action.js';
import type { ActionError } from '../protocol.js';

const messageLengthMax = 2_000;
const stackBytesMax = 4_096;
const codeLengthMax = 64;

/** Text at most `lengthMax` characters long, without NUL and halves of surrogate pairs. */
export function storableText(text: string, lengthMax: number): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text;
  return /[\0\ud800-\udfff]/.test(cut) ? cut.replace(/\0|\p{Surrogate}/gu, '\ufffd') : cut;
}

/** @param action name of the action that failed */
export function errorAsData(thrown: unknown, action: string): ActionError {
  try {
    const error = describe(thrown);
    return {
      code: error.code,
      message: storableText(error.message, messageLengthMax),
      action,
      stack: cutToBytes(storableText(error.stack, stackBytesMax)),
    };
  } catch {
    // The thrown object's own getters threw: there is nothing more to learn from it.
    return { code: 'ActionFailed', message: 'an error that cannot be read was thrown', action, stack: '' };
  }
}

function describe(thrown: unknown): { code: string; message: string; stack: string } {
  if (typeof thrown !== 'object' || thrown === null)
    return { code: 'ActionFailed', message: String(thrown), stack: '' };
  const { code, message, stack } = thrown as { code?: unknown; message?: unknown; stack?: unknown };
  return {
    code:
      typeof code === 'string' && code !== '' && code.length <= codeLengthMax
        ? storableText(code, codeLengthMax)
        : 'ActionFailed',
    message: typeof message === 'string' ? message : JSON.stringify(thrown),
    // Our own faults say all in their message; a stack would show our files.
    stack: typeof stack === 'string' && !(thrown instanceof ActionFault) ? stack : '',
  };
}

function cutToBytes(text: string): string {
  if (text.length * 3 <= stackBytesMax) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= stackBytesMax) return text;
  // A character cut in two decodes to U+FFFD of three bytes: drop it.
  return bytes.toString('utf8', 0, stackBytesMax - 3).replace(/\ufffd$/, '');
}
