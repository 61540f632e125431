// What happens to contexts of an instance that has split, and what follows from it. Values alone.

import type { Place } from '../../workflow/plan.js';
import type { Signalled } from './signals.js';

/** Something that happened to one context. */
export interface Happening {
  /** 0: the only one of an instance that shares nothing yet. */
  readonly context: number;
  readonly scope: number;
  readonly workflow: number;
  /** Where its transaction began. */
  readonly place: Place;
  readonly hasRun: boolean;
  readonly what: What;
}

export type What =
  /** It reached a transaction break. */
  | { readonly kind: 'moved'; readonly to: Place }
  /** Several flows are taken at once, or one into a join. */
  | { readonly kind: 'flows'; readonly from: Place; readonly flows: readonly number[] }
  /** No flow was to be taken. */
  | { readonly kind: 'ended' }
  /** The action at `at` acts on contexts. `workflow`: what it names, resolved. */
  | {
      readonly kind: 'acted';
      readonly at: Place;
      readonly count: number;
      readonly range: { readonly from: number; readonly step: number } | null;
      readonly workflow: number | null;
    }
  /** An operation removed it. */
  | { readonly kind: 'removed' }
  /** It failed, and an error handler takes over. */
  | { readonly kind: 'handed'; readonly workflow: number }
  /** It came to an error action inside of a handler. */
  | { readonly kind: 'gaveUp' }
  /** It waits for its error handler, and is to begin its transaction again without it. */
  | { readonly kind: 'recovered' }
  /** It stays where its transaction began, before an action that monitors signals, until its time or until it is resumed. */
  | { readonly kind: 'waits' }
  /** What it waits for at a trigger that races has come and is its own: it stays there, and fires when it is asked. */
  | { readonly kind: 'given' };

/** Where the variables of a context come from: contexts as they were before the commit. */
export type Source =
  /** What that context has written. */
  | { readonly kind: 'of'; readonly context: number }
  /** As `of`, with the error it failed with as ERROR. */
  | { readonly kind: 'error'; readonly context: number }
  /** Of several that joined: later ones over earlier ones, and RESULT by the action they came from. */
  | { readonly kind: 'joined'; readonly arrivals: readonly { readonly context: number; readonly action: string }[] }
  /** RESULT of that context is all of it: the input of a sub-workflow. */
  | { readonly kind: 'input'; readonly context: number }
  /** As `of`, with the RESULT of another (none: without). */
  | { readonly kind: 'result'; readonly context: number; readonly result: number | null }
  /** As `of`, with a list as RESULT. `null`: RESULT goes. */
  | {
      readonly kind: 'results';
      readonly context: number;
      readonly results: readonly { readonly item: number; readonly context: number }[] | null;
    }
  /** An item: what `context` has written but RESULT, and the item. `isOwn`: the item alone, as an input. */
  | {
      readonly kind: 'item';
      readonly context: number;
      readonly item: ItemOf;
      readonly as: string;
      readonly indexAs: string;
      readonly index: number;
      /** Variable that holds the whole list, and is left out. */
      readonly without: string | null;
      readonly isOwn: boolean;
    };

export type ItemOf =
  /** Index in the list that is RESULT of a context. */
  | { readonly kind: 'listed'; readonly context: number; readonly at: number }
  | { readonly kind: 'number'; readonly value: number };

/** A context that stands somewhere anew. */
export interface Standing {
  readonly context: number;
  readonly scope: number;
  readonly workflow: number;
  readonly place: Place;
  readonly hasRun: boolean;
  readonly state: 'ready' | 'joining' | 'waiting' | 'failed';
  /** The context it comes from: itself, if it was there. */
  readonly from: number;
  readonly source: Source;
  /** It stands where its transaction began, to be tried again: nothing it wrote since is kept. */
  readonly isRetry?: true;
  /** As tried for the first time. */
  readonly isRecovered?: true;
  /** It stays where its transaction began, as that left it: until its time, or with what was brought. */
  readonly stays?: 'waits' | 'given';
}

/** What follows. */
export interface Step {
  readonly standing: readonly Standing[];
  /** Contexts that are in the store, and leave, beside those to which something happened. */
  readonly leaving: readonly number[];
  /** Contexts that had been withdrawn when what happened to them was to be applied: it was not. */
  readonly dropped: readonly number[];
  /** Workflows to be submitted as instances of their own: RESULT of the context is the input. */
  readonly submits: readonly { readonly workflow: number; readonly context: number }[];
  /** Contexts that were ended by a signal. */
  readonly signalled: readonly Signalled[];
  /** The instance is over; `result`: the context whose RESULT it leaves with. */
  readonly end: { readonly state: 'finished' | 'removed'; readonly result: number | null } | null;
}

/** A context in the store. */
export interface StoredContext {
  readonly context: number;
  readonly scope: number;
  readonly workflow: number;
  readonly place: Place;
  readonly hasRun: boolean;
  readonly state: 'ready' | 'paused' | 'failed' | 'joining' | 'waiting';
  /** It waits for a time, at a trigger, or to be resumed: it does not execute, or nothing of that has to be kept. */
  readonly isAsleep?: boolean;
}
