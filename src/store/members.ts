// The engines that share a store: who lives, who leads. Part of the Store contract (`contract.ts`).
//
// Guarantees:
//   M1. A sequence is given once, and grows: the order of joining is the order of sequences.
//   M2. Of all masters one has the highest epoch, and nothing is done for one that has not.
//   M3. Who has been given up is told at its next beat: it has no claims any more and joins again.

import { decode, encode } from './binary.js';
import type { SqlDriver, SqlRows } from './driver.js';
import { type ProcessIdentity, readIdentity } from './process-identity.js';
import * as sql from './sql/members.js';

/** What an engine says of itself. */
export interface MemberProfile {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  /** Where its HTTP service listens, or `null`. */
  readonly url: string | null;
  /** Which process it is, or `null`: by that it can be told whether it still runs. */
  readonly process: ProcessIdentity | null;
}

export interface Member extends MemberProfile {
  readonly sequence: number;
  readonly joinedAtMs: number;
  /** What remains of its lease, by the store's clock; negative when it has run out. */
  readonly aliveForMs: number;
}

export interface Cluster {
  /** The living and those not given up yet, in order of joining. */
  readonly members: readonly Member[];
  readonly epoch: number;
  /** Sequence of the master of that epoch; it may be dead. `null` before the first. */
  readonly master: number | null;
}

export interface Members {
  /** Enter the cluster. Resolves with the engine's sequence. */
  join(profile: MemberProfile, leaseMs: number): Promise<number>;
  /** Prolong the lease and look around. `null`: this engine has been given up, and must join again (M3). */
  beat(sequence: number, leaseMs: number): Promise<Cluster | null>;
  leave(sequence: number): Promise<void>;
  /** Those that live, and those not given up yet, in order of joining. */
  living(): Promise<Member[]>;
  /** Become master in place of the one of `epoch`. Resolves with the new epoch, or `null` when another was faster. */
  lead(sequence: number, epoch: number): Promise<number | null>;
  /** The master gives up whom it has not heard of for a lease. Nothing happens when a later epoch leads (M2). */
  giveUp(epoch: number): Promise<Member[]>;
  /** Forget lives that ended before `beforeMs`. */
  prune(beforeMs: number): Promise<void>;
}

export class SqlMembers implements Members {
  readonly #driver: SqlDriver;

  constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  async join({ name, host, pid, url, process }: MemberProfile, leaseMs: number): Promise<number> {
    const parameters = [
      name,
      host,
      encode.int4(pid),
      url,
      encode.int8(leaseMs),
      process === null ? null : JSON.stringify(process),
    ];
    const [rows] = await this.#driver.transaction([{ statement: sql.joinMember, parameters }]);
    return decode.int8(rows![0]![0]!);
  }

  async beat(sequence: number, leaseMs: number): Promise<Cluster | null> {
    const [beat, living, master] = await this.#driver.transaction([
      { statement: sql.beatMember, parameters: [encode.int8(sequence), encode.int8(leaseMs)] },
      { statement: sql.livingMembers, parameters: [] },
      { statement: sql.readMaster, parameters: [] },
    ]);
    if (beat!.length === 0) return null;
    const [epoch, leader] = master![0]!;
    return {
      members: living!.map(memberOf),
      epoch: decode.int8(epoch!),
      master: leader == null ? null : decode.int8(leader),
    };
  }

  async living(): Promise<Member[]> {
    const [rows] = await this.#driver.transaction([{ statement: sql.livingMembers, parameters: [] }]);
    return rows!.map(memberOf);
  }

  async leave(sequence: number): Promise<void> {
    await this.#driver.transaction([{ statement: sql.leaveMember, parameters: [encode.int8(sequence)] }]);
  }

  async lead(sequence: number, epoch: number): Promise<number | null> {
    const parameters = [encode.int8(sequence), encode.int8(epoch)];
    const [rows] = await this.#driver.transaction([{ statement: sql.takeLead, parameters }]);
    const [row] = rows!;
    return row === undefined ? null : decode.int8(row[0]!);
  }

  async giveUp(epoch: number): Promise<Member[]> {
    const [rows] = await this.#driver.transaction([{ statement: sql.giveUpMembers, parameters: [encode.int8(epoch)] }]);
    return rows!.map(memberOf);
  }

  async prune(beforeMs: number): Promise<void> {
    await this.#driver.transaction([{ statement: sql.pruneMembers, parameters: [encode.int8(beforeMs)] }]);
  }
}

function memberOf(row: SqlRows[number]): Member {
  return {
    sequence: decode.int8(row[0]!),
    name: decode.text(row[1]!),
    host: decode.text(row[2]!),
    pid: decode.int4(row[3]!),
    url: row[4] === null ? null : decode.text(row[4]!),
    joinedAtMs: decode.int8(row[5]!),
    aliveForMs: decode.int8(row[6]!),
    process: readIdentity(row[7] == null ? null : decode.text(row[7])),
  };
}
