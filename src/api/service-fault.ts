// A fault of a request that is none of the engine's, on its way to becoming a problem.

import type { ServiceCode } from './schema/problem.js';

/** Where in a stream of instances the fault lies. */
export interface LinePlace {
  /** From 1, all lines. */
  readonly line?: number;
  /** From 0, instances only. */
  readonly index?: number;
}

export class ServiceFault extends Error {
  override name = 'ServiceFault';
  constructor(
    readonly code: ServiceCode,
    message: string,
    readonly place: LinePlace = {},
  ) {
    super(message);
  }
}

/** An error of the engine's that a line of a stream is to blame for. */
export class LineFault extends Error {
  override name = 'LineFault';
  constructor(
    override readonly cause: unknown,
    readonly place: LinePlace,
  ) {
    super('a line was refused');
  }
}
