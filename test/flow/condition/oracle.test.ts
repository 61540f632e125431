// PostgreSQL as the oracle where both know the types: numbers, texts by code point, truth values, lists, and null.

import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileCondition, parseCondition, type Truth } from '../../../src/flow/condition/index.js';
import { seed } from '../../seed.js';

/** The same expression twice; brackets stand where both languages need them. */
interface Pair {
  readonly ours: string;
  readonly sql: string;
}

interface Row {
  readonly n: number | null;
  readonly m: number | null;
  readonly t: string | null;
  readonly u: string | null;
  readonly b: boolean | null;
  readonly c: boolean | null;
  readonly ns: readonly (number | null)[] | null;
  readonly ts: readonly (string | null)[] | null;
}

const character = fc.constantFrom('a', 'b', 'B', 'é', '😀', '\uffee', '%', '_', "'", '\\', ' ', '\n');
const text = fc.string({ unit: character, maxLength: 6 });
/** Not so small that products underflow: PostgreSQL refuses those. */
const double = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -100_000, max: 100_000 }).map(hundredths => hundredths / 100),
);
const row: fc.Arbitrary<Row> = fc.record({
  n: fc.option(double),
  m: fc.option(double),
  t: fc.option(text),
  u: fc.option(text),
  b: fc.option(fc.boolean()),
  c: fc.option(fc.boolean()),
  ns: fc.option(fc.array(fc.option(fc.integer({ min: -3, max: 3 })), { maxLength: 4 })),
  ts: fc.option(fc.array(fc.option(text), { maxLength: 4 })),
});

const same = (written: string): Pair => ({ ours: written, sql: written });
const both = (strings: TemplateStringsArray, ...parts: readonly Pair[]): Pair => {
  const join = (of: (part: Pair) => string): string =>
    strings.reduce((written, string, index) => written + of(parts[index - 1]!) + string);
  return { ours: join(({ ours }) => ours), sql: join(({ sql }) => sql) };
};
const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const negation = fc.constantFrom('', 'NOT ', 'not ').map(same);

const numberValue = fc.oneof(
  fc.constantFrom('n', 'm').map(same),
  fc
    .constantFrom('0', '1', '2', '1.5', '.25', '3e2', '4E-1')
    .map(written => ({ ours: written, sql: `${written}::float8` })),
);
const number: fc.Arbitrary<Pair> = fc.letrec<{ sum: Pair; product: Pair; signed: Pair }>(tie => ({
  sum: fc.oneof(
    { withCrossShrink: true },
    tie('product'),
    fc
      .tuple(tie('sum'), fc.constantFrom(' + ', ' - ').map(same), tie('product'))
      .map(parts => both`${parts[0]}${parts[1]}${parts[2]}`),
  ),
  product: fc.oneof(
    { withCrossShrink: true },
    tie('signed'),
    fc.tuple(tie('product'), tie('signed')).map(parts => both`${parts[0]} * ${parts[1]}`),
    // What PostgreSQL refuses is unknown here.
    fc.tuple(tie('product'), tie('signed')).map(([left, right]) => ({
      ours: `${left.ours} / ${right.ours}`,
      sql: `${left.sql} / nullif(${right.sql}, 0)`,
    })),
  ),
  signed: fc.oneof(
    { withCrossShrink: true, maxDepth: 3 },
    numberValue,
    tie('signed').map(operand => both`- ${operand}`),
    tie('sum').map(operand => both`(${operand})`),
  ),
})).sum;

const textValue = fc.oneof(
  fc.constantFrom('t', 'u').map(same),
  text.map(value => ({ ours: quoted(value), sql: `${quoted(value)}::text collate "C"` })),
);

/** Patterns; an escape stands only before what it can escape, which PostgreSQL is stricter about. */
const like = fc
  .tuple(
    fc.array(fc.oneof(character, fc.constantFrom('%', '_', '%', '!%', '!_', '!!')), { maxLength: 7 }),
    fc.boolean(),
  )
  .map(([parts, isEscaped]) => {
    const pattern = quoted(isEscaped ? parts.join('') : parts.join('').replaceAll('!', ''));
    return { ours: `${pattern}${isEscaped ? " ESCAPE '!'" : ''}`, sql: `${pattern} escape '${isEscaped ? '!' : ''}'` };
  });
const comparison = fc.constantFrom('=', '<>', '<', '<=', '>', '>=').map(same);

const condition: fc.Arbitrary<Pair> = fc.letrec<{ or: Pair; and: Pair; not: Pair; predicate: Pair }>(tie => ({
  or: fc.oneof(
    { withCrossShrink: true },
    tie('and'),
    fc.tuple(tie('or'), tie('and')).map(([left, right]) => both`${left} or ${right}`),
  ),
  and: fc.oneof(
    { withCrossShrink: true },
    tie('not'),
    fc.tuple(tie('and'), tie('not')).map(([left, right]) => both`${left} AND ${right}`),
  ),
  not: fc.oneof(
    { withCrossShrink: true },
    tie('predicate'),
    tie('not').map(operand => both`NOT ${operand}`),
  ),
  predicate: fc.oneof(
    { withCrossShrink: true, maxDepth: 4 },
    fc.constantFrom('b', 'c', 'TRUE', 'false').map(same),
    fc.tuple(number, comparison, number).map(([left, operator, right]) => both`${left} ${operator} ${right}`),
    fc.tuple(textValue, comparison, textValue).map(([left, operator, right]) => both`${left} ${operator} ${right}`),
    fc.tuple(textValue, negation, like).map(([operand, not, pattern]) => both`${operand} ${not}LIKE ${pattern}`),
    fc
      .tuple(number, negation, number, number)
      .map(([operand, not, low, high]) => both`${operand} ${not}BETWEEN ${low} AND ${high}`),
    fc
      .tuple(textValue, negation, fc.array(textValue, { minLength: 1, maxLength: 3 }))
      .map(([operand, not, members]) => {
        const list = (of: keyof Pair): string => members.map(member => member[of]).join(', ');
        return both`${operand} ${not}IN (${{ ours: list('ours'), sql: list('sql') }})`;
      }),
    fc.tuple(number, negation).map(([operand, not]) => ({
      ours: `${operand.ours} ${not.ours}IN ns`,
      sql: `(${not.sql}(${operand.sql}) = any(ns))`,
    })),
    fc.tuple(textValue, negation).map(([operand, not]) => ({
      ours: `${operand.ours} ${not.ours}IN ts`,
      sql: `(${not.sql}${operand.sql} = any(ts))`,
    })),
    fc.tuple(fc.oneof(number, textValue), negation).map(([operand, not]) => both`(${operand}) IS ${not}NULL`),
    fc.tuple(tie('or'), comparison, tie('or')).map(([left, operator, right]) => {
      // Truth values have no order here.
      const equality = same(operator.ours.includes('=') ? '=' : '<>');
      return both`(${left}) ${equality} (${right})`;
    }),
    fc.tuple(tie('or'), negation).map(([operand, not]) => both`(${operand}) IS ${not}NULL`),
    tie('or').map(operand => both`(${operand})`),
  ),
})).or;

let database: PGlite;
beforeAll(async () => {
  database = await PGlite.create();
});
afterAll(() => database.close());

async function asked(conditions: readonly Pair[], rows: readonly Row[]): Promise<readonly (readonly Truth[])[]> {
  const columns = conditions.map(({ sql }, index) => `(${sql}) as c${index}`).join(', ');
  const query = `select ${columns} from jsonb_to_recordset($1) as r(n float8, m float8, t text collate "C",
    u text collate "C", b boolean, c boolean, ns float8[], ts text[] collate "C", place bigint) order by place`;
  const numbered = rows.map((each, place) => ({ ...each, place }));
  const answer = await database.query<Truth[]>(query, [JSON.stringify(numbered)], {
    rowMode: 'array',
  });
  return answer.rows;
}

function said(conditions: readonly Pair[], rows: readonly Row[]): readonly (readonly Truth[])[] {
  const compiled = conditions.map(({ ours }) => {
    const parsed = parseCondition(ours);
    if (!parsed.ok) throw new Error(`${ours}: ${parsed.fault.message}`);
    return compileCondition(parsed.value);
  });
  return rows.map(variables => compiled.map(evaluate => evaluate({ ...variables })));
}

describe('conditions and PostgreSQL', () => {
  test(`say the same of the same rows (seed ${seed})`, { timeout: 120_000 }, async () => {
    const conditions = fc.array(condition, { minLength: 20, maxLength: 20, size: 'max' });
    const rows = fc.array(row, { minLength: 12, maxLength: 12, size: 'max' });
    const seen = { true: 0, false: 0, null: 0 };
    await fc.assert(
      fc.asyncProperty(conditions, rows, async (asks, values) => {
        const answers = await asked(asks, values);
        for (const answer of answers.flat()) seen[`${answer}`] += 1;
        expect(said(asks, values)).toEqual(answers);
      }),
      { numRuns: 40 },
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(500);
  });
});
