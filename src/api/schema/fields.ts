// Fields that several schemas have.

import Type, { type Static, type TSchema } from 'typebox';
import type { Json, JsonObject } from '../../workflow/model.js';
import { headers, limits } from './protocol.js';

/** As JSON Schema 2020 has it: the type, or null. Serialises faster than a union. */
export function nullable<Schema extends TSchema & { readonly type: string }>(schema: Schema) {
  return Type.Unsafe<Static<Schema> | null>({ ...schema, type: [schema.type, 'null'] });
}

export function anyJson(description: string) {
  return Type.Unsafe<Json>({ description });
}

export function jsonObject(description: string) {
  return Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true, description });
}

export function oneOf<const Value extends string>(values: readonly Value[], description: string) {
  return Type.Unsafe<Value>({ type: 'string', enum: [...values], description });
}

export const timeMsMax = 32_503_680_000_000;

export function timeMs(description: string) {
  return Type.Integer({ minimum: 0, maximum: timeMsMax, description: `${description}, milliseconds since 1970` });
}

export const InstanceId = Type.String({
  minLength: 36,
  maxLength: 36,
  description: "Id of an instance: its batch's UUIDv7 with the instance's position in the last four hex digits",
});

export const BatchKey = Type.String({
  minLength: 36,
  maxLength: 36,
  description: 'A root id made by the client: a UUIDv7 whose last four hex digits are 0000',
});

export const Cursor = Type.String({
  minLength: 1,
  maxLength: limits.cursorLengthMax,
  description: 'A place in the list: `next` of an earlier answer',
});

export const Scope = Type.String({
  minLength: 1,
  maxLength: limits.nameLengthMax,
  description: 'A workflow, or a branch with a trailing /; `/` is everything',
});

export const Version = Type.Integer({
  minimum: 1,
  maximum: 2_147_483_647,
  description: 'Of a stored workflow. Default: the newest',
});

export const Priority = Type.Integer({ minimum: 1, maximum: 10_000, description: '1 is the highest' });

export const InstanceKey = Type.String({
  minLength: 1,
  maxLength: 128,
  description: 'Whose it is (a tenant, a customer), for the rules of its branch; at most 128 bytes',
});

export function limit(most: number) {
  return Type.Integer({ minimum: 1, maximum: most, description: `At most so many. Default ${limits.pageDefault}` });
}

/** For the audit. */
export const userHeader = {
  [headers.user]: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: limits.userLengthMax,
      description: 'Who calls, visible ASCII, for the audit. Default: who runs the server',
    }),
  ),
};

export const CallHeaders = Type.Object(userHeader);
