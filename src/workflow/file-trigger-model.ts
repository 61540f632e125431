// The trigger that waits for files, as it is written. Part of the model.

import Type, { type Static } from 'typebox';
import { limits } from './action-properties.js';
import { triggerProperties } from './trigger-model.js';

const Pattern = Type.String({ minLength: 1, maxLength: limits.textLengthMax });
const Relative = Type.String({ minLength: 2, maxLength: limits.nameLengthMax });

/**
 * Fires when there are files. RESULT is `{ files, names, infos, complete }`: their absolute paths, their names, and of each
 * `{ path, size, modifiedAt }`; `complete` is false when there are more.
 */
export const FileExistTrigger = Type.Object(
  {
    ...triggerProperties,
    type: Type.Literal('fileExist'),
    /**
     * Absolute paths in which `*` and `?` stand for any characters of a name, and a part `**` for any folders, 32 levels at
     * most; substituted. Only ordinary files match, and links are not followed behind the first wildcard.
     */
    files: Type.Array(Pattern, { minItems: 1, maxItems: 100 }),
    /** What does not match all the same: patterns alike, or without a slash those of names. Substituted. Default none. */
    excludes: Type.Optional(Type.Array(Pattern, { maxItems: 100 })),
    /** It fires when there are so many. Default 1. */
    minimum: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    /** Files in RESULT at most, the first in their order. Default 1,000. */
    maximum: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    /** How long after it has looked it looks again, a relative time expression; never under 100 ms. Default `+1m`. */
    pollEvery: Type.Optional(Relative),
    /**
     * Only files match that nobody has changed for so long, a relative time expression: by the time of their last change of any
     * kind, which no program can set. Default `+0s`.
     */
    stable: Type.Optional(Relative),
    /**
     * Name of the calendar, of those of the workflow, in whose business time it looks: outside of it, it waits for the next.
     * Default: it always looks.
     */
    calendar: Type.Optional(Type.String({ minLength: 1, maxLength: limits.nameLengthMax })),
    /** Order of the files in RESULT. Default `name`, which is that of their paths. */
    orderBy: Type.Optional(Type.Union([Type.Literal('name'), Type.Literal('modified'), Type.Literal('size')])),
    /** Whether the last comes first. Default false. */
    descending: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export type FileExistTrigger = Static<typeof FileExistTrigger>;
