// Cron-style expressions, as other rooms use them.

export type { CronAst, CronColumns } from './ast.js';
export { explainCron } from './explain.js';
export { parseCron } from './parse.js';
export { type CronScheduleOptions, cronSchedule } from './schedule.js';
