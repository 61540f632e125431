// `${…}` in texts, as other rooms use it. The language: README.md.

export type { Template } from './ast.js';
export { expressionsMax, isTemplate, parseTemplate, templateLengthMax } from './parse.js';
export {
  type Substituted,
  type SubstitutionContext,
  type SubstitutionFailureCode,
  substitute,
  substitutedLengthMax,
} from './substitute.js';
