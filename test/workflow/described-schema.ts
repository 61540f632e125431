// A schema as others may write one, for the test of the format's reference.

import Type, { type TSchema } from 'typebox';
import { RetryPolicy } from '../../src/workflow/model.js';

const shared = {
  /** Spread into it. */
  shared: Type.String(),
};

function wrapped<Inner extends TSchema>(inner: Inner) {
  return Type.Object({
    /** Of another file. */
    retry: Type.Optional(RetryPolicy),
    ...shared,
    /** Made by a
     * function. */
    made: Type.Array(Type.String()),
    /** An object of its own. */
    inner,
    described: Type.Boolean({ description: 'Said by the schema.' }),
    silent: Type.Boolean(),
    list: Type.Array(Type.Union([One, Other])),
  });
}

/** The first kind. */
export const One = Type.Object({ type: Type.Literal('one') });

const Other = Type.Object({
  type: Type.Literal('other'),
  /** Of the second kind. */
  only: Type.String(),
});

/** All of it. */
export const Root = wrapped(
  Type.Object({
    /** Deep inside. */
    deep: Type.Integer(),
  }),
);

export { RetryPolicy };
