// Ad-hoc statements: made from a text somebody else wrote (`SqlStore.query`). There may be any number of them, so that
// only the last used stay prepared.

/** Ad-hoc statements that are kept, in a session and by each client. */
export const adHocMax = 200;

export function isAdHoc(name: string): boolean {
  return name.startsWith('query ') || isSqlEffect(name);
}

/** Whether a statement is that of a workflow, executed in a commit. */
export function isSqlEffect(name: string): boolean {
  return name.startsWith('sql ');
}
