// A member whose commit the store refuses for what it did: an error of the action that did it, known only now. It goes the way
// of errors: the action's own retries, its error flow, the error handler. Whatever comes of it, the transaction is rolled back
// to its beginning, as that of a member whose thread had to be ended: a flow may say to keep what was done, but that is
// exactly what cannot be stored.

import type { PlacedEffect } from '../../dispatch/action.js';
import { over } from '../../dispatch/ended-outcome.js';
import { errorText, withError } from '../../dispatch/error-variable.js';
import type { ActionError } from '../../dispatch/protocol.js';
import { isSqlEffect } from '../../store/ad-hoc.js';
import type { SqlError } from '../../store/driver.js';
import { isFull, otherStyle } from '../../store/sql/messages.js';
import { effectName } from '../../store/sql-effects.js';
import { failureFlow, type Place } from '../../workflow/plan.js';
import { bodiesOf } from '../claims/held-body.js';
import type { EngineParts } from '../parts.js';
import { surely } from '../store-trouble.js';
import type { CommitItem } from './commit-builder.js';

const messageLengthMax = 2_000;
/** What is wrong with a message, by what the store refuses it with. */
const publisherCodes: Readonly<Record<string, string>> = { [otherStyle]: 'PublisherStyle', [isFull]: 'PublisherFull' };

/** The one member of the item, with what became of it. */
export async function refusedByStore(
  item: CommitItem,
  error: SqlError,
  parts: Pick<EngineParts, 'store' | 'holdings' | 'health' | 'clock'>,
): Promise<CommitItem> {
  const { plan, held } = item;
  const { code, place } = blamed(item, error);
  const { attempt, context } = held.segment;
  const action = plan.actions[place]!;
  const told: ActionError = { code, message: storable(error.message), action: action.name, stack: '' };
  // While flows are chosen no action runs that could have a flow for its failure.
  const flow = item.path.length === 0 ? null : failureFlow(action, 'error', attempt, code);
  const way = cut(item, place);
  const before = Array.from(way.path.slice(0, -1), (_, at) => item.exits?.[at] ?? 'normal');
  const exits =
    flow === null && before.every(exit => exit === 'normal') ? {} : { exits: [...before, 'error'] as const };
  const common = { ...way, ...exits, isRefused: true, errors: [told], errorOf: [0] } as const;
  if (flow === null) return { ...common, outcome: { kind: 'failed', place, killed: false }, payload: null };
  const text = withError(await writtenBefore(item, parts), errorText(told, attempt), context > 0);
  const bytes = Buffer.from(text);
  return {
    ...common,
    outcome: { kind: 'completed', ...over(flow, plan, place) },
    payload: { bytes, offsets: Int32Array.of(0, bytes.length) },
  };
}

/** The action whose statement or message was refused, or of what else cannot be stored the last one. */
function blamed({ statements, path, plan, held }: CommitItem, error: SqlError): { code: string; place: Place } {
  const last = path.at(-1) ?? held.segment.place;
  const all = JSON.parse(statements?.[0] || '[]') as PlacedEffect[];
  const publisher = publisherCodes[error.code];
  if (publisher !== undefined) {
    const own = all.findLast(effect => 'publisher' in effect && error.message.endsWith(` ${effect.publisher}`));
    return { code: publisher, place: own?.place ?? last };
  }
  const effects = all.filter(effect => 'sql' in effect);
  const isCommit = error.statement === 'COMMIT' && effects.length > 0;
  if (!isCommit && !isSqlEffect(error.statement)) return { code: 'CommitRefused', place: last };
  const own = isCommit ? effects.at(-1) : effects.findLast(({ sql }) => effectName(sql) === error.statement);
  const place = own?.place ?? path.findLast(at => plan.actions[at]!.action.type === 'sql') ?? last;
  return { code: 'SqlFailed', place };
}

/** Its way up to the action that is to blame: what ran behind it is of a transaction that is rolled back. */
function cut({ statements: _, earlierResults, exits: __, ...item }: CommitItem, place: Place) {
  const { path, times } = item;
  const at = path.lastIndexOf(place);
  if (at < 0) return { ...item, events: [] };
  return {
    ...item,
    path: path.slice(0, at + 1),
    times: Array.prototype.slice.call(times, 0, 2 * (at + 1)) as number[],
    events: [],
    ...(earlierResults === undefined ? {} : { earlierResults: earlierResults.slice(0, at) }),
  };
}

/** JSON text of what its earlier transactions wrote; empty: nothing. */
async function writtenBefore(
  { held: { segment }, positions }: CommitItem,
  { store, holdings, health, clock }: Pick<EngineParts, 'store' | 'holdings' | 'health' | 'clock'>,
): Promise<string> {
  const { body } = segment;
  if (body === null) return '';
  const bodies = await surely(() => bodiesOf([body], { holdings, store }), { health, clock });
  return bodies.get(body)?.textOf(segment.ordinals[positions[0]!]!) ?? '';
}

/** A server's message may quote the very value it refuses. */
function storable(message: string): string {
  return message.slice(0, messageLengthMax).replace(/\0|\p{Surrogate}/gu, '\ufffd');
}
