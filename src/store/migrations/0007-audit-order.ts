// Migration 7: the audit can be read in the order of its transactions, which is the order in which it became visible.
//
// `seq` is taken before the commit: a reader that goes by it alone passes rows that land late (D10).

export const name = '0007-audit-order';

export const sql = `
create index on millrace_audit (transaction_id, seq);
`;
