// An instance is given another name of its own. No two have the same one, through their history; the one it had is free again.

import { EngineError } from '../../observe/errors.js';
import type { GivenName } from '../../store/contract.js';
import { emptyCommit } from '../../store/empty-commit.js';
import type { EngineParts } from '../parts.js';
import { withPatience } from '../store-trouble.js';
import { givenNameFault } from '../submit/submit-record.js';
import type { OperationResult } from './operation-options.js';

const namesPage = 5_000;

/** @throws EngineError `INPUT_INVALID` when it can be no name, `NAME_TAKEN`, `INSTANCE_UNKNOWN` */
export async function renameInstance(
  instance: string,
  to: string,
  dryRun: boolean,
  parts: Pick<EngineParts, 'store' | 'ids' | 'clock' | 'health'>,
): Promise<OperationResult> {
  const { store, ids, clock, health } = parts;
  const fault = givenNameFault(to);
  if (fault !== null) throw new EngineError('INPUT_INVALID', `the new name ${fault}`);
  const located = await store.locate(instance);
  if (located === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance has the id ${instance}`);
  const holder = (await store.named([to])).get(to);
  if (holder === instance) return { contexts: 0, ...(dryRun ? { instances: 0 } : {}), segments: 0 };
  const taken = (): EngineError => new EngineError('NAME_TAKEN', `another instance has the name "${to}"`);
  if (holder !== undefined) throw taken();
  // One that has left has no flow context any more, and its name all the same.
  const contexts = located.kind === 'left' ? 1 : located.contexts.length;
  if (dryRun) return { contexts, instances: 1, segments: 0 };
  const before = await namesOf(instance, parts);
  const names = [{ name: to, instance }];
  const commit = { ...emptyCommit(ids.next(), clock.nowMs()), names, freedNames: before };
  const answer = await withPatience(() => store.commit(commit), clock, health);
  if (answer.kind !== 'committed') throw taken();
  return { contexts, segments: 0 };
}

/** The names it has. COST a walk over all given names: an index would be paid by every submit. */
async function namesOf(instance: string, { store }: Pick<EngineParts, 'store'>): Promise<GivenName[]> {
  const found: GivenName[] = [];
  for (let after = ''; ; ) {
    const rows = await store.query(
      `with page as (select name, instance from millrace_name where name > $1::text order by name limit $2::int)
       select name, instance = $3::uuid from page order by name`,
      [after, String(namesPage), instance],
    );
    for (const [name, isOurs] of rows) if (isOurs?.startsWith('t')) found.push({ name: name!, instance });
    if (rows.length < namesPage) return found;
    after = rows.at(-1)![0]!;
  }
}
