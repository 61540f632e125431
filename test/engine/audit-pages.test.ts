// The audit in pages tells what the view of the audit does, whatever happened.

import { expect, onTestFinished, test } from 'vitest';
import type { AuditPage, AuditRecord } from '../../src/engine/reads/audit-pages.js';
import type { Json } from '../../src/workflow/model.js';
import { definitionOf, here, noRetry, onEveryHome, openEngine, signals, temporaryFolder } from './setup.js';

onEveryHome('audit in pages', world => {
  test('every event as in the view, with all its data', async () => {
    const { engine, deploy } = world();
    const workflow = await deploy([
      'echo',
      { function: 'count' },
      { function: 'told', break: true },
      { function: 'flaky', break: true, retry: { retries: 2, delayMs: 1 } },
      { type: 'null' },
      'echo',
    ]);
    const failing = await deploy([{ function: 'alwaysFails', retry: noRetry }], 'failing');
    const gated = await deploy(['gated', { function: 'echo', break: true }], 'gated');
    const ids = await engine.submit(
      Array.from({ length: 60 }, (_, n) => ({
        workflow: n % 10 === 0 ? failing : workflow,
        priority: 1 + (n % 3),
        input: { n, fails: n % 4, events: n % 2 ? ['one', 'two', 'three'] : [], 'ü"\\': ['😀', null, { a: 1.5e300 }] },
      })),
      'alice',
    );
    await Promise.all(ids.map(id => engine.result(id)));
    await engine.recover(ids[0]!);
    await engine.result(ids[0]!);
    const held = await engine.submit([1, 2, 3].map(n => ({ workflow: gated, input: { n, gate: 'audit-pages' } })));
    await signals.atGate('audit-pages', 3);
    await engine.pause(held[0]!, { user: 'oscar' });
    await engine.remove(held[1]!, { user: 'oscar' });
    signals.open('audit-pages');
    await Promise.all([engine.result(held[1]!), engine.result(held[2]!)]);
    await expect(engine.submit([{ workflow: '/no/such' }])).rejects.toThrow(/WORKFLOW_UNKNOWN/);

    const told: AuditRecord[] = [];
    for (let after: string | null = null; ; ) {
      const page = await engine.reads.auditPage({}, after, 'oldest', 97);
      told.push(...page.events.map(({ record }) => record));
      if (page.isEnd) break;
      after = page.next;
    }
    const rows = await engine.query(
      `select at_ms, event, short_name, family, workflow, workflow_version, instance, action, attempt, engine, username,
         message, data, seq from millrace_audit_event
       order by transaction_id, seq, group_no, coalesce(ordinal, -1), step`,
    );
    const viewed = rows.map(row => {
      const [
        atMs,
        event,
        shortName,
        family,
        name,
        version,
        instance,
        action,
        attempt,
        owner,
        user,
        message,
        data,
        seq,
      ] = row;
      return {
        at: new Date(Number(atMs)).toISOString(),
        event,
        shortName,
        family,
        workflow: name,
        workflowVersion: version == null ? null : Number(version),
        instance,
        action,
        attempt: Number(attempt),
        engine: owner,
        user,
        message,
        data: data == null ? null : (JSON.parse(data) as Json),
        seq: Number(seq),
      };
    });
    expect(told.length).toBeGreaterThan(500);
    // What one action of a member sent has no order among itself in the view.
    const sorted = (records: readonly object[]): string[] =>
      records.map(record => JSON.stringify(sortKeys(record))).sort();
    expect(sorted(told)).toEqual(sorted(viewed));
    expect(told.map(({ seq }) => seq)).toEqual(viewed.map(({ seq }) => seq));
  });
});

/** jsonb keeps keys in an order of its own. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sortKeys(member)]),
  );
}

test('transactions are in the order of their numbers, not of their digits', async () => {
  const engine = await openEngine('memory', temporaryFolder());
  onTestFinished(() => engine.dispose(0));
  await engine.deploy(definitionOf('/audit/order', ['echo']), here);
  const transactionOf = (cursor: string): number => Number(cursor.slice(0, cursor.indexOf('.')));
  const first = transactionOf(await engine.reads.auditEnd());
  expect(first).toBeLessThan(1_000);
  const ids: string[] = [];
  while (transactionOf(await engine.reads.auditEnd()) <= 1_001)
    ids.push(await engine.submit({ workflow: '/audit/order' }));
  for (const order of ['oldest', 'newest'] as const) {
    const transactions: number[] = [];
    let after: string | null = null;
    for (;;) {
      const page: AuditPage = await engine.reads.auditPage({}, after, order, 3);
      transactions.push(...page.events.map(({ cursor }) => transactionOf(cursor)));
      if (page.isEnd) break;
      after = page.next;
    }
    expect(transactions).toEqual([...transactions].sort((a, b) => (order === 'oldest' ? a - b : b - a)));
    expect(transactions.length).toBeGreaterThanOrEqual(ids.length);
  }
});
