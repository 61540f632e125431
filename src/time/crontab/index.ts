// Ordinary crontab, as other rooms use it.

export type { Crontab } from './ast.js';
export { compileCrontab } from './crontab-schedule.js';
export { explainCrontab } from './explain.js';
export { parseCrontab } from './parse.js';
