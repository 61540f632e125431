// Members whose transaction failed, with what the transition must know to decide: the error's code, a random number for
// delays, the error handler. Members for which it may decide otherwise are told apart.

import type { CommitItem } from './commit-builder.js';
import { splitBy } from './commit-items.js';
import { errorOf } from './standing.js';

export interface FailingWorld {
  /** Number of the workflow version that handles what fails in a workflow; `null`: none does. */
  readonly handlerOf: (workflow: string) => number | null;
  /** 0 to below 1. */
  readonly random: () => number;
}

/** Members that fail together and are tried again with jitter come back in so many parts: each part is a row in the store. */
const spreadMax = 16;

export function failedItems(item: CommitItem, { handlerOf, random }: FailingWorld): CommitItem[] {
  const { outcome, plan } = item;
  if (outcome.kind !== 'failed') return [item];
  const { action, retry } = plan.actions[outcome.place]!;
  // An error action is there to fail.
  const handler = action.type === 'error' ? null : handlerOf(plan.name);
  const byCode = retry.codes === null ? [item] : splitByCode(item);
  return byCode
    .flatMap(each =>
      retry.jitter === 0
        ? [each]
        : splitBy(
            each,
            at => at % spreadMax,
            () => ({}),
          ),
    )
    .map(each => {
      const code = errorOf(each, 0)?.code;
      return {
        ...each,
        outcome: {
          ...outcome,
          ...(code === undefined ? {} : { code }),
          ...(retry.jitter === 0 ? {} : { random: random() }),
          ...(handler === null ? {} : { handler }),
        },
      };
    });
}

function splitByCode(item: CommitItem): CommitItem[] {
  const codes = item.errors?.map(({ code }) => code) ?? [];
  const [first] = codes;
  if (codes.every(code => code === first)) return [item];
  return splitBy(
    item,
    at => codes.indexOf(codes[item.errorOf?.[at] ?? 0]!),
    () => ({}),
  );
}
