// Messages: POST /v1/messages.

import Type, { type Static } from 'typebox';
import { anyJson, oneOf, Priority } from './fields.js';
import { limits } from './protocol.js';

export const MessageRequest = Type.Object(
  {
    publisher: Type.String({
      minLength: 1,
      maxLength: limits.nameLengthMax,
      description: 'Full name, /branch/name; made by its first message',
    }),
    data: anyJson('What it says, at most 256 kB; selectors read its members'),
    style: Type.Optional(oneOf(['queue', 'topic'], 'Default: what the publisher has, of a new one queue')),
    priority: Type.Optional(Priority),
    expires: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'So long it can be taken, a relative time expression. Default: for ever, of a topic a day',
      }),
    ),
  },
  { additionalProperties: false },
);

export const PublishedMessage = Type.Object({ publisher: Type.String() });

export type MessageRequest = Static<typeof MessageRequest>;
export type PublishedMessage = Static<typeof PublishedMessage>;
