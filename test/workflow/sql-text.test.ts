// What a `sql` action may say, and what it may not however it is written.

import { describe, expect, test } from 'vitest';
import { sqlRefusal } from '../../src/workflow/sql-text.js';
import { verify } from '../../src/workflow/verify.js';

describe('statements', () => {
  test.each([
    'insert into orders (id, total) values ($1, $2::numeric * 1.5e3)',
    "UPDATE orders SET note = 'it''s; -- no comment' WHERE id = $1 AND data->>'k' = '$2'",
    'with old as (delete from orders where id = $1 returning *) insert into archive select * from old',
    'insert into "Order Items" values (array[$1, $2]::text[]) on conflict (id) do update set n = excluded.n + 1',
    'merge into a using b on a.id = b.id when matched then update set n = $1 when not matched then do nothing',
    'delete from orders where id = any($1::uuid[]) and "größe" > .5',
  ])('%s', text => {
    expect(sqlRefusal(text, 2)).toBeNull();
  });

  test.each([
    ['', 'is empty'],
    ['select 1', 'begins with'],
    ['"insert" into a values (1)', 'begins with'],
    ['commit', 'begins with'],
    ['do $$ begin end $$', 'begins with'],
    ['copy a to stdout', 'begins with'],
    ['insert into a values (1); drop table b', 'several statements'],
    ['insert into a values (1) -- x', 'comments'],
    ['insert /* x */ into a values (1)', 'comments'],
    ["insert into a values (E'\\'); drop table b --')", 'prefixed strings'],
    ["insert into a values (U&'\\0041')", 'prefixed strings'],
    ['delete from U&"millr\\0061ce_segment"', 'prefixed strings'],
    ["insert into a values ('\\')", 'backslash'],
    ['insert into a values ($$x$$)', 'dollar quotes'],
    ['insert into a values ($tag$x$tag$)', 'dollar quotes'],
    ['delete from millrace_segment', 'millrace_segment'],
    ['delete from MillRace_Segment', 'millrace_segment'],
    ['delete from "millrace_segment"', 'millrace_segment'],
    ['delete from public."millrace_body_0"', 'millrace_body_0'],
    ['with x as (delete from millrace_audit returning 1) select * from x', 'millrace_audit'],
    ["insert into a select set_config('fsync', 'off', false)", 'set_config'],
    ["insert into a select pg_catalog.set_config('x', 'y', true)", 'pg_catalog'],
    ['insert into a select pg_sleep(100)', 'pg_sleep'],
    ["insert into a select query_to_xml('select 1', true, true, '')", 'query_to_xml'],
    ["insert into a select lo_import('/etc/passwd')", 'lo_import'],
    ["insert into a select * from crosstab2('select 1')", 'crosstab2'],
    ['insert into a values ($3)', 'there are 2 parameters'],
    ['insert into a values ($0)', 'there are 2 parameters'],
    ["insert into a values ('open", 'at character'],
    ['insert into a values ("open', 'at character'],
    ['insert into a values (1)\u0000', 'at character'],
  ])('%j is refused', (text, reason) => {
    expect(sqlRefusal(text, 2)).toContain(reason);
  });

  test('a long text is read in linear time', () => {
    for (const text of [
      `insert into a values (${'1,'.repeat(32_000)}`,
      `insert into a values ('${"''".repeat(32_000)}`,
    ]) {
      const startedAtMs = performance.now();
      sqlRefusal(text, 0);
      expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    }
  });
});

test('verification names the place', () => {
  const faults = verify({
    name: '/a/b',
    actions: [
      { name: 'write', type: 'sql', statements: [{ sql: 'insert into a values (1)' }, { sql: 'drop table a' }] },
    ],
    flows: [],
  });
  expect(faults.map(({ code, path }) => [code, path])).toEqual([['SQL_INVALID', 'actions[0].statements[1].sql']]);
});
