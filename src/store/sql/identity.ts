// The id of a store: which one a queue is an index of. A copy of a store, made by copying its folder or database, has the
// same.

import type { SqlStatement } from '../driver.js';

/** Give the store its id unless it has one. $1 id uuid. COST one row, once. */
export const putStoreId: SqlStatement = {
  name: 'store_id_put',
  text: 'insert into millrace_store (id) values ($1::uuid) on conflict do nothing',
};

/** The id uuid. A statement of its own: what another connection has just put is not in the snapshot of the insert. */
export const readStoreId: SqlStatement = { name: 'store_id_read', text: 'select id from millrace_store' };
