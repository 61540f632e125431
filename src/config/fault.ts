// What can be wrong with a runtime configuration beyond its shape: a registry of codes beside that of documents.

import { EngineError } from '../observe/errors.js';
import { type FaultCode, type FaultOf, formatFault } from '../workflow/fault.js';

/** Stable codes of faults in runtime configurations. */
export const configurationFaultCodes = {
  PROPERTY_DUPLICATE: 'the same property of the same branch twice',
  PROPERTY_INVALID: 'not the name of a property',
  PROPERTY_UNSUPPORTED: 'a property with a meaning that nothing here would heed',
  WINDOWS_TOO_MANY: 'more different fairness windows than a queue compares',
  ESCAPE_INVALID: 'not an escape of a properties file',
  PATH_INVALID: 'not the path of a file or folder',
  FILE_INVALID: 'not a file that can be read',
} as const;

export type ConfigurationFaultCode = FaultCode | keyof typeof configurationFaultCodes;
export type ConfigurationFault = FaultOf<ConfigurationFaultCode>;

/** A value, or everything that is wrong with what it was to be made of. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly faults: readonly ConfigurationFault[] };

/** An engine cannot be made: there is no good configuration to keep yet. */
export class ConfigurationError extends EngineError {
  override name = 'ConfigurationError';
  constructor(readonly faults: readonly ConfigurationFault[]) {
    const lines = faults.map(formatFault);
    super('OPTION_INVALID', `runtimeConfiguration: ${lines.join('\n')}`, { lines });
  }
}
