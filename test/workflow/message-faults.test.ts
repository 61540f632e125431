// What is wrong with actions that publish and triggers that wait for messages or for the audit, as `millrace verify` prints it.

import { expect, test } from 'vitest';
import { formatFault } from '../../src/workflow/fault.js';
import { loadDefinition } from '../../src/workflow/load.js';

function faultsOf(action: string): string[] {
  const loaded = loadDefinition(`workflow: /a\nactions:\n  a: ${action}\n`, 'a.yaml');
  return 'faults' in loaded ? loaded.faults.map(formatFault) : [];
}

test.each([
  '{type: publish, publisher: /a/b}',
  '{type: publish, publisher: /a/b, style: topic, data: [1, {x: null}], priority: 10000, expires: +1D}',
  '{type: message, publisher: /a/b}',
  "{type: message, publisher: /a/b, selector: region = 'EU' AND amount > 100, timeout: +1H}",
  // As good as none.
  "{type: message, publisher: /a/b, selector: ''}",
  '{type: auditTrail}',
  "{type: auditTrail, event: 'Step*', workflow: /a/*, user: '*', own: true}",
])('%s has none', action => expect(faultsOf(action)).toEqual([]));

test.each([
  [
    '{type: message, publisher: /a/b, selector: amount > }',
    /^a\.yaml:3:57 actions\.a\.selector: at character 9.*expected.* \(CONDITION_INVALID\)$/s,
  ],
  ['{type: message}', /^a\.yaml:3:\d+ actions\.a\.publisher: is missing.* \(KEY_MISSING\)$/],
  ['{type: message, publisher: orders}', /^a\.yaml:3:\d+ actions\.a\.publisher: .*begin.* \(NAMESPACE_INVALID\)$/],
  ['{type: message, publisher: /orders/}', /^a\.yaml:3:\d+ actions\.a\.publisher: .* \(NAMESPACE_INVALID\)$/],
  ['{type: publish, publisher: /a/b, style: stack}', /^a\.yaml:3:\d+ actions\.a\.style: .*queue.*topic.* \(/],
  ['{type: publish, publisher: /a/b, priority: 0}', /^a\.yaml:3:\d+ actions\.a\.priority: .* 1 to 10,000.* \(/],
  ['{type: publish, publisher: /a/b, expires: 1H}', /^a\.yaml:3:\d+ actions\.a\.expires: .* \(TIME_INVALID\)$/s],
  // Days on which business is done would need a calendar, and a message has none.
  ['{type: publish, publisher: /a/b, expires: +2b}', /^a\.yaml:3:\d+ actions\.a\.expires: .* \(TIME_INVALID\)$/s],
  ['{type: auditTrail, event: 7}', /^a\.yaml:3:\d+ actions\.a\.event: .* \(/],
])('%s is told', (action, fault) => {
  const faults = faultsOf(action);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(fault);
});
