// The statements that read. All are by key or paged, so that none holds up a commit for long (D12).

import type { SqlStatement } from '../driver.js';

/** In the order `segmentOfRow` reads them. */
export const segmentColumns = `id, root, body, workflow, name, priority, place, transaction, attempt, kills, state::int,
  eligible_at, created_at, ordinals, open, gone, requests, member_requests, revision, failures, context, scope, has_run, waits_for,
  key`;

/** Segments by id. $1 uuid[]. */
export const segmentsById: SqlStatement = {
  name: 'read_segments',
  text: `select ${segmentColumns} from millrace_segment where id = any($1::uuid[])`,
};

/**
 * A page of the segments in id order. What waits at a trigger beyond the horizon is passed over, up to 10,000 a page, but for the
 * last of these: whoever has many of them sees from it how far the page came.
 * $1 after uuid, $2 limit int, $3 horizon bigint (ms, inclusive).
 * COST the page, and 10,000 entries of an index; rows passed over are neither decoded nor sent; no bodies are read.
 */
export const scanSegments: SqlStatement = {
  name: 'scan_segments',
  text: `with far as materialized (
      select coalesce((select id from millrace_segment where id > $1::uuid order by id offset 9999 limit 1),
        'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) as id)
    select ${segmentColumns} from millrace_segment
    where id > $1::uuid and id <= (select id from far)
      and (waits_for is null or eligible_at <= $3::bigint or id = (select id from far))
    order by id limit $2::int`,
};

/**
 * A page of the segments that wait at triggers and whose time is near.
 * $1 from bigint (ms, exclusive), $2 to bigint (ms), $3 eligible at bigint and $4 id uuid of the last one before, $5 limit int.
 * COST the page: an index that holds nothing but such segments.
 */
export const sleepingSegments: SqlStatement = {
  name: 'sleeping_segments',
  text: `select ${segmentColumns} from millrace_segment
    where waits_for is not null and state = 0 and eligible_at > $1::bigint and eligible_at <= $2::bigint
      and (eligible_at, id) > ($3::bigint, $4::uuid)
    order by eligible_at, id limit $5::int`,
};

/** A page of the segments of one workflow. $1 name text, $2 created at or before bigint, $3 after uuid, $4 limit int. */
export const selectByWorkflow: SqlStatement = {
  name: 'select_workflow',
  text: `select ${segmentColumns} from millrace_segment
    where name = $1::text and created_at <= $2::bigint and id > $3::uuid order by id limit $4::int`,
};

/** A page of the segments below a branch. $1 branch with trailing slash, $2 the same with '0' (the character after '/')
 * in its place, $3 created at or before bigint, $4 after uuid, $5 limit int. */
export const selectByBranch: SqlStatement = {
  name: 'select_branch',
  text: `select ${segmentColumns} from millrace_segment
    where name >= $1::text and name < $2::text and created_at <= $3::bigint and id > $4::uuid order by id limit $5::int`,
};

/** Segments of one root. $1 uuid. */
export const segmentsByRoot: SqlStatement = {
  name: 'read_segments_by_root',
  text: `select ${segmentColumns} from millrace_segment where root = $1::uuid`,
};

const isAskedOpen = 'millrace_is_open(s.ordinals, s.gone, a.ordinal)';

/**
 * Segments of instances with several contexts.
 * $1 root uuid[], $2 ordinal int[], $3 context int[]: these contexts; $4 root uuid[], $5 ordinal int[]: all contexts.
 * COST one index probe a context, or a root.
 */
export const segmentsOfContexts: SqlStatement = {
  name: 'read_contexts',
  text: `select ${segmentColumns} from millrace_segment where id in (
      select s.id from unnest($1::uuid[], $2::int[], $3::int[]) as a(root, ordinal, context)
        join millrace_segment s on s.root = a.root and s.context = a.context
        where s.context > 0 and ${isAskedOpen}
      union all
      select s.id from unnest($4::uuid[], $5::int[]) as a(root, ordinal) join millrace_segment s on s.root = a.root
        where s.context > 0 and ${isAskedOpen})
    order by id`,
};

/** What contexts share. $1 root uuid[], $2 ordinal int[]. COST one index probe an instance. */
export const sharedOf: SqlStatement = {
  name: 'read_shared',
  text: `select h.root, h.ordinal, h.workflow, h.name, h.version, h.state
    from unnest($1::uuid[], $2::int[]) as a(root, ordinal)
    join millrace_shared h on h.root = a.root and h.ordinal = a.ordinal`,
};

/** Bodies by id. $1 uuid[]. COST one index probe a generation and body, and the bytes. */
export const bodiesById: SqlStatement = {
  name: 'read_bodies',
  text: 'select id, root, ordinals, offsets, bytes from millrace_body where id = any($1::uuid[])',
};

/** Who submitted a root, and when. $1 uuid. */
export const originOf: SqlStatement = {
  name: 'read_origin',
  text: 'select submitter, created_at from millrace_body where id = $1::uuid',
};

/** The outcome that holds one instance. $1 root uuid, $2 ordinal int. */
export const outcomeOf: SqlStatement = {
  name: 'read_outcome',
  text: `select root, workflow, name, state::int, finished_at, ordinals, body from millrace_outcome
    where root = $1::uuid and length(ordinals) > $2::int and get_bit(ordinals, least($2::int, length(ordinals) - 1)) = 1`,
};

/** What has ended of some roots. $1 uuid[]. COST one index probe a generation and root. */
export const outcomesOf: SqlStatement = {
  name: 'read_outcomes_of',
  text: `select root, workflow, name, state::int, finished_at, ordinals, body from millrace_outcome
    where root = any($1::uuid[])`,
};

/** What stands FAILED of some roots. $1 uuid[]. */
export const failedOf: SqlStatement = {
  name: 'read_failed_of',
  text: `select ${segmentColumns} from millrace_segment where root = any($1::uuid[]) and state = 2`,
};

/** The instances given names belong to. $1 text[]. */
export const instancesOfNames: SqlStatement = {
  name: 'read_names',
  text: 'select name, instance from millrace_name where name = any($1::text[])',
};

/** Before `putWorkflow`, in its transaction: versions become visible in the order of their numbers, so that whoever asks for
 * those since the last one misses none. */
export const lockWorkflows: SqlStatement = {
  name: 'lock_workflows',
  text: 'select pg_advisory_xact_lock(1835625581)',
};

/** Store a definition as a new version unless the newest one is the same; the row that holds afterwards comes back.
 * $1 name, $2 definition, $3 base folder text, $4 at bigint (ms). */
export const putWorkflow: SqlStatement = {
  name: 'put_workflow',
  text: `with newest as (
      select number, version, definition, base_folder, created_at from millrace_workflow
      where name = $1::text order by version desc limit 1
    ), added as (
      insert into millrace_workflow (name, version, definition, base_folder, created_at)
      select $1::text, coalesce((select version from newest), 0) + 1, $2::text, $3::text, $4::bigint
      where not exists (select from newest where definition = $2::text and base_folder = $3::text)
      returning number, version, definition, base_folder, created_at
    )
    select number, version, definition, base_folder, created_at from added
    union all
    select number, version, definition, base_folder, created_at from newest where not exists (select from added)`,
};

/** The versions stored since: those with numbers above $1 int, in order. */
export const workflowsAfter: SqlStatement = {
  name: 'read_workflows',
  text: `select number, version, definition, base_folder, created_at, name from millrace_workflow
    where number > $1::int order by number`,
};
