// The refusal that passes: whoever held the store is gone or silent, and another may hold it in a moment.

import { EngineError } from '../../../observe/errors.js';

export class StoreUnavailable extends EngineError {
  /** @param wasSent the call may have been carried out; otherwise nothing of it has left this process */
  constructor(
    message: string,
    readonly wasSent: boolean,
    options?: { cause?: unknown },
  ) {
    super(
      'STORE_UNAVAILABLE',
      wasSent ? `${message}; whether this call was carried out is not known` : message,
      options,
    );
  }
}
