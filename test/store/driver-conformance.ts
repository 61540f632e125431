// What every `SqlDriver` holds of `src/store/driver.ts`: V1, V3 and V6.

import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../src/store/binary.js';
import { type SqlDriver, SqlError } from '../../src/store/driver.js';
import { insert, rowIds } from './setup.js';

/** @param open opens a store with an empty table `t(id, v)`; whoever opens it closes it */
export function driverConformance(home: string, open: () => Promise<SqlDriver>): void {
  describe(`SqlDriver: ${home}`, () => {
    describe('V1: a transaction is applied whole or not at all', () => {
      test('a transaction whose second call fails leaves nothing of the first', async () => {
        const driver = await open();
        await driver.transaction([insert(1)]);
        const refused = driver.transaction([insert(2), insert(1)]);
        await expect(refused).rejects.toMatchObject({ name: 'SqlError', code: '23505', statement: 'insert' });
        expect(await rowIds(driver)).toEqual([1]);
      });

      test('rows come back call by call, in binary or text as asked', async () => {
        const driver = await open();
        const count = { name: 'count', text: 'select count(*), null::text from t' };
        const answers = await driver.transaction([
          insert(1),
          { statement: count, parameters: [] },
          insert(2),
          { statement: count, parameters: [], results: 'text' },
        ]);
        expect(answers.map(rows => rows.length)).toEqual([0, 1, 0, 1]);
        expect(decode.int8(answers[1]![0]![0]!)).toBe(1);
        expect(answers[1]![0]![1]).toBeNull();
        expect(decode.text(answers[3]![0]![0]!)).toBe('2');
      });

      test('a result of several megabytes arrives whole', async () => {
        const driver = await open();
        const statement = { name: 'many', text: `select i, repeat('x', 500) from generate_series(1, $1::int4) i` };
        const [rows] = await driver.transaction([{ statement, parameters: [encode.int4(20_000)] }]);
        expect(rows!.length).toBe(20_000);
        expect(decode.int4(rows![19_999]![0]!)).toBe(20_000);
        expect(rows!.every(row => row[1]!.length === 500)).toBe(true);
      });

      test('no calls are an empty answer', async () => {
        const driver = await open();
        expect(await driver.transaction([])).toEqual([]);
      });

      test('a script is applied whole or not at all', async () => {
        const driver = await open();
        await expect(driver.script('insert into t values (1); insert into nowhere values (1)')).rejects.toMatchObject({
          code: '42P01',
        });
        expect(await rowIds(driver)).toEqual([]);
        await driver.script('insert into t values (1); insert into t values (2)');
        await driver.script('vacuum t');
        await driver.script('checkpoint');
        expect(await rowIds(driver)).toEqual([1, 2]);
      });
    });

    describe('V3: a failing transaction does not fail its neighbours', () => {
      test('a NUL in one of many at once', async () => {
        const driver = await open();
        const settled = await Promise.allSettled(
          Array.from({ length: 100 }, (_, id) => driver.transaction([insert(id, id === 40 ? 'a\0b' : 'fine')])),
        );
        const refused = settled.flatMap((outcome, id) => (outcome.status === 'rejected' ? [{ id, ...outcome }] : []));
        expect(refused.map(({ id }) => id)).toEqual([40]);
        expect(refused[0]!.reason).toBeInstanceOf(SqlError);
        expect(refused[0]!.reason).toMatchObject({ code: '22021', statement: 'insert' });
        expect(await rowIds(driver)).toEqual(Array.from({ length: 100 }, (_, id) => id).filter(id => id !== 40));
      });

      test('many culprits at once, at the start, in the middle and at the end', async () => {
        const driver = await open();
        const isBad = (id: number): boolean => id % 7 === 0 || id >= 190;
        const settled = await Promise.allSettled(
          Array.from({ length: 200 }, (_, id) =>
            driver.transaction([insert(id), insert(1000 + id, isBad(id) ? '\0' : '')]),
          ),
        );
        expect(settled.map(outcome => outcome.status === 'rejected')).toEqual(settled.map((_, id) => isBad(id)));
        expect((await rowIds(driver)).length).toBe(2 * settled.filter((_, id) => !isBad(id)).length);
      });

      test('V6: a neighbour is the reason: the first stands, the second is refused', async () => {
        const driver = await open();
        const inOrder = { touches: ['t'] };
        const [first, second, third] = await Promise.allSettled(
          [1, 1, 2].map(id => driver.transaction([insert(id)], inOrder)),
        );
        expect([first!.status, second!.status, third!.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      });

      test('a failure that only the commit shows is charged to its own transaction', async () => {
        const driver = await open();
        await driver.script('create table child (t int4 references t deferrable initially deferred)');
        const orphan = { name: 'orphan', text: 'insert into child values ($1::int4)' };
        const settled = await Promise.allSettled([
          driver.transaction([insert(1)]),
          driver.transaction([{ statement: orphan, parameters: ['99'] }]),
          driver.transaction([insert(2)]),
        ]);
        expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(settled[1]).toMatchObject({ reason: { code: '23503', statement: 'COMMIT' } });
      });

      test('a statement that cannot be prepared fails its own transaction, by name', async () => {
        const driver = await open();
        const wrong = { name: 'wrong', text: 'select nothing from nowhere' };
        const settled = await Promise.allSettled([
          driver.transaction([insert(1)]),
          driver.transaction([insert(2), { statement: wrong, parameters: [] }]),
          driver.transaction([insert(3)]),
        ]);
        expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(settled[1]).toMatchObject({ reason: { code: '42P01', statement: 'wrong' } });
        expect(await rowIds(driver)).toEqual([1, 3]);
      });
    });
  });
}
