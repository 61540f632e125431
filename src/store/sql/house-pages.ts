// The statements of the house that walk over what grows with the store, a page at a time. Each answers one row: how many
// rows were concerned, and the last key looked at (null behind the end).

import type { SqlStatement } from '../driver.js';

export const lowestId = '00000000-0000-0000-0000-000000000000';

/** The lowest id that can be made at a time: it begins with it. */
export function firstIdAt(atMs: number): string {
  const time = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${lowestId.slice(13)}`;
}

/** Bodies in a slot that is about to be emptied move to the current one when somebody needs them longer: open instances,
 * and those that ended generations after they were submitted. $1 old slot, $2 new slot int, $3 after uuid, $4 limit int.
 * COST three index probes a body and the bytes of those that move; normally none: instances rarely live that long.
 * WHY not in one go: a generation has a million bodies, and nobody commits meanwhile. Nothing comes to need a body that
 * nobody needed when its page was looked at. */
export const carryBodies: SqlStatement = {
  name: 'house_carry_bodies',
  text: `with page as materialized (
      select id, root from millrace_body where generation = $1::int and id > $3::uuid order by id limit $4::int
    ), needed as materialized (
      select p.id from page p
      where (exists (select from millrace_segment s where s.root = p.root and (p.id = p.root or s.body = p.id))
          or exists (select from millrace_outcome o where o.root = p.root and o.generation <> $1::int))
        and not exists (select from millrace_body c where c.id = p.id and c.generation = $2::int)
    ), carried as (
      insert into millrace_body (generation, id, root, ordinals, offsets, bytes, submitter, created_at)
      select $2::int, b.id, b.root, b.ordinals, b.offsets, b.bytes, b.submitter, b.created_at
      from needed n join millrace_body b on b.id = n.id and b.generation = $1::int
      returning 1)
    select (select count(*)::int from carried), (select id from page order by id desc limit 1)`,
};

/** Names of instances whose outcome is about to be emptied. $1 slot int, $2 after text, $3 limit int. */
export const dropNames: SqlStatement = {
  name: 'house_drop_names',
  text: `with page as materialized (
      select name, instance from millrace_name where name > $2::text order by name limit $3::int
    ), dropped as (
      delete from millrace_name n using page p, millrace_outcome o
      where n.name = p.name
        and o.generation = $1::int
        and o.root = (left(p.instance::text, 32) || '0000')::uuid
        and ('x' || right(p.instance::text, 4))::bit(16)::int < length(o.ordinals)
        and get_bit(o.ordinals, least(('x' || right(p.instance::text, 4))::bit(16)::int, length(o.ordinals) - 1)) = 1
      returning 1)
    select (select count(*)::int from dropped), (select name from page order by name desc limit 1)`,
};

/** Working bodies without a name. $1 made before uuid, $2 after uuid, $3 limit int. COST the page, and a probe a body. */
export const spentLongAgo: SqlStatement = {
  name: 'house_spent_long_ago',
  text: `with page as materialized (
      select id, root from millrace_body_working where id > $2::uuid and id < $1::uuid order by id limit $3::int
    ), dropped as (
      delete from millrace_body_working b using page p
      where b.id = p.id and not exists (select from millrace_segment s where s.root = p.root and s.body = p.id)
      returning 1)
    select (select count(*)::int from dropped), (select id from page order by id desc limit 1)`,
};

/** $1 older than bigint (ms), $2 after uuid, $3 limit int. */
export const pruneCommits: SqlStatement = {
  name: 'house_prune_commits',
  text: `with page as materialized (
      select id, at from millrace_commit where id > $2::uuid order by id limit $3::int
    ), pruned as (
      delete from millrace_commit c using page p where c.id = p.id and p.at < $1::bigint returning 1)
    select (select count(*)::int from pruned), (select id from page order by id desc limit 1)`,
};
