// The first frames of a connection: two processes make sure that they mean the same by what follows.
//
// A client says its terms, and the holder welcomes it when they are its own. Another version of the messages or of the
// tables is refused: its SQL may mean something else. So is another durability, for a client may be the next holder.

import { EngineError } from '../../../observe/errors.js';
import { schemaDigest } from '../../migrations/index.js';
import { isRecord } from './frames.js';

/** Grows when frames, messages or the parameters of a statement change. */
const protocol = 1;

export interface Terms {
  readonly protocol: number;
  /** Digest of the migrations. */
  readonly schema: string;
  readonly durability: 'strict' | 'relaxed';
}

export interface Hello extends Terms {
  readonly kind: 'hello';
}

export type HelloAnswer =
  /** @param pid who holds the store */
  | { readonly kind: 'welcome'; readonly pid: number }
  | { readonly kind: 'refused'; readonly code: 'STORE_LOCKED' | 'OPTION_INVALID'; readonly message: string };

export function termsOf(durability: 'strict' | 'relaxed'): Terms {
  return { protocol, schema: schemaDigest(), durability };
}

/** Largest frame before both know each other, bytes. */
export const helloBytesMax = 4_096;

/** What the holder answers; `null` when what came is no hello. */
export function answerTo(header: unknown, ours: Terms): HelloAnswer | null {
  if (!isRecord(header) || header.kind !== 'hello') return null;
  const { pid } = process;
  if (header.protocol !== ours.protocol || header.schema !== ours.schema) {
    return { kind: 'refused', code: 'STORE_LOCKED', message: `the store is held by pid ${pid}, of another version` };
  }
  if (header.durability !== ours.durability) {
    const message = `the store is held by pid ${pid} with durability "${ours.durability}", which all who share it must ask for`;
    return { kind: 'refused', code: 'OPTION_INVALID', message };
  }
  return { kind: 'welcome', pid };
}

/** @throws {EngineError} what the holder refuses with; STORE_UNAVAILABLE when the answer is none */
export function checkAnswer(header: unknown): void {
  if (isRecord(header)) {
    if (header.kind === 'welcome') return;
    const { kind, code, message } = header;
    if (kind === 'refused' && (code === 'STORE_LOCKED' || code === 'OPTION_INVALID')) {
      throw new EngineError(code, String(message));
    }
  }
  throw new EngineError('STORE_UNAVAILABLE', 'whoever listens on the socket of the store does not serve it');
}
