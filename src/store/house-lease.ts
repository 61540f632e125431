// Who keeps house: of several engines on one store one at a time, by a row of a table.
//
// WHY a row and no advisory lock: engines on one PGlite share its session, in which such a lock excludes nobody, and in
// PostgreSQL it would hold a connection for as long as a round takes.
//
// What the lease saves is work done twice. Nothing depends on it: an engine that was stopped for longer than the lease
// goes on where it was, beside another, and what must not happen then is refused where it would (`generations.ts`).

import { randomUUID } from 'node:crypto';
import type { Clock } from '../observe/clock.js';
import { encode } from './binary.js';
import type { SqlDriver, SqlStatement } from './driver.js';

/** How long a housekeeper that has died is waited for. */
const leaseMs = 60_000;

const storeNowMs = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

/** $1 holder uuid, $2 how long bigint (ms). Returns a row when it is the holder's. COST one row updated.
 * One that reaches further than any lease can is from before the clock was set back. */
const takeLease: SqlStatement = {
  name: 'house_take',
  text: `update millrace_housekeeper set holder = $1::uuid, until = ${storeNowMs} + $2::bigint
    where holder = $1::uuid or until <= ${storeNowMs} or until > ${storeNowMs} + $2::bigint returning 1`,
};

/** $1 holder uuid. */
const giveUpLease: SqlStatement = {
  name: 'house_give_up',
  text: 'update millrace_housekeeper set until = 0 where holder = $1::uuid',
};

export class HouseLease {
  readonly #driver: SqlDriver;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #holder = encode.uuid(randomUUID());
  #takenAtMs = 0;

  constructor(driver: SqlDriver, clock: Pick<Clock, 'monotonicMs'>) {
    this.#driver = driver;
    this.#clock = clock;
  }

  /** Take it, or take it for longer. Returns false when it is another's. */
  async take(): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs();
    const call = { statement: takeLease, parameters: [this.#holder, encode.int8(leaseMs)] };
    const [rows] = await this.#driver.transaction([call]);
    if (rows!.length === 0) return false;
    this.#takenAtMs = nowMs;
    return true;
  }

  /** Take it for longer when half of it has passed. Returns false when it has become another's. */
  async keep(): Promise<boolean> {
    return this.#clock.monotonicMs() - this.#takenAtMs < leaseMs / 2 || (await this.take());
  }

  async giveUp(): Promise<void> {
    await this.#driver.transaction([{ statement: giveUpLease, parameters: [this.#holder] }]);
  }
}
