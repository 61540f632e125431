// Compact audit: what a commit says about instances, one trace group for all members to which the same happened.
//
// A row of `millrace_audit` holds a JSON array of groups; the view `millrace_audit_event` unfolds it into the
// documented events with all their data. Inputs and results are not repeated here: the view finds them in the bodies.
// Keys are one letter because they are stored with every group:
//
//   w workflow number   f, n first ordinal and count, or o the ordinals   p names of the actions on the path
//   b base time, ms     t times, ms after b, k of them a member           s engine      u user, if not the submitter
//   a failed attempts before   d body with what was written before   r body with what was written or returned now
//   e events [code, index into p or -1, index into t or -1, data kind]    m message
//   x errors   y index into x by member    z earlier results, zk of them a member
//   h when the first action could begin, or its trigger was reached, ms before b: of all members, or by member
//   c events of single members [member, code, index into p, ms after b, step, name, message, data]

/** Where an event's data is found. */
export const dataKind = { none: 0, variables: 1, result: 2, resultWritten: 3, error: 4, earlierResult: 10 } as const;

/** The view numbers the events of a group in steps of so many: room for what single members had in between. */
export const eventSteps = 10_000;

/** An event every member of the group had: code, index of the action in the path, index of its time, data kind. */
export type GroupEvent = readonly [code: number, action: number, time: number, data: number];

/** An event of one member. */
export type MemberTrace<Data = unknown> = readonly [
  member: number,
  code: number,
  action: number,
  offsetMs: number,
  step: number,
  name: string | null,
  message: string | null,
  data: Data,
];

export interface TraceGroup {
  readonly workflow: number | null;
  /** Ordinals of the members; `null` for events of the engine itself. */
  readonly ordinals: Uint16Array | null;
  readonly path: readonly string[];
  readonly baseMs: number;
  /** `timesPerMember` of them for each member. */
  readonly times: ArrayLike<number>;
  readonly timesPerMember: number;
  readonly reached?: number | readonly number[];
  readonly engine: string;
  readonly user?: string | null;
  readonly attempt: number;
  readonly bodyBefore: string | null;
  readonly bodyAfter: string | null;
  readonly events: readonly GroupEvent[];
  readonly message?: string;
  readonly errors?: readonly unknown[];
  readonly errorOf?: ArrayLike<number>;
  /** JSON texts, `earlierPerMember` a member. */
  readonly earlierResults?: readonly string[];
  readonly earlierPerMember?: number;
  readonly single?: readonly MemberTrace[];
}

/** The audit row that holds groups. */
export function auditRow(root: string | null, atMs: number, groups: readonly TraceGroup[]) {
  const events = groups.reduce(
    (sum, { ordinals, events, single }) => sum + (ordinals?.length ?? 1) * events.length + (single?.length ?? 0),
    0,
  );
  return { root, atMs, trace: traceText(groups), events };
}

/** JSON text of groups, as `AuditRow.trace`. Written by hand: it is on the path of every instance. */
export function traceText(groups: readonly TraceGroup[]): string {
  const text = `[${groups.map(groupText).join(',')}]`;
  // jsonb holds neither, and one such row would fail the view for all: user code's messages may have them.
  return text.includes('\\u0000') || text.includes('\\ud') ? storable(text) : text;
}

/** The JSON text with NUL and lone surrogates (the only `\\ud...` that JSON.stringify writes) as U+FFFD. */
function storable(text: string): string {
  return text.replace(/\\\\|\\u0000|\\ud[89a-f][0-9a-f]{2}/g, found => (found === '\\\\' ? found : '\\ufffd'));
}

function groupText(group: TraceGroup): string {
  let text = `{"s":${JSON.stringify(group.engine)},"b":${group.baseMs},"a":${group.attempt},"k":${group.timesPerMember}`;
  if (group.workflow !== null) text += `,"w":${group.workflow}`;
  text += ordinalsText(group.ordinals);
  if (group.path.length > 0) text += `,"p":${JSON.stringify(group.path)}`;
  if (group.times.length > 0) text += `,"t":[${join(group.times)}]`;
  if (group.reached !== undefined) text += `,"h":${JSON.stringify(group.reached)}`;
  if (group.user !== undefined && group.user !== null) text += `,"u":${JSON.stringify(group.user)}`;
  if (group.bodyBefore !== null) text += `,"d":"${group.bodyBefore}"`;
  if (group.bodyAfter !== null) text += `,"r":"${group.bodyAfter}"`;
  if (group.message !== undefined) text += `,"m":${JSON.stringify(group.message)}`;
  if (group.errors !== undefined) text += `,"x":${JSON.stringify(group.errors)}`;
  if (group.errorOf !== undefined) text += `,"y":[${join(group.errorOf)}]`;
  if (group.earlierResults !== undefined)
    text += `,"z":[${group.earlierResults.join(',')}],"zk":${group.earlierPerMember ?? 1}`;
  if (group.single !== undefined && group.single.length > 0) text += `,"c":${JSON.stringify(group.single)}`;
  return `${text},"e":[${group.events.map(event => `[${event.join(',')}]`).join(',')}]}`;
}

function ordinalsText(ordinals: Uint16Array | null): string {
  if (ordinals === null || ordinals.length === 0) return ',"n":1';
  const first = ordinals[0]!;
  const last = ordinals[ordinals.length - 1]!;
  const text = `,"n":${ordinals.length},"f":${first}`;
  return last - first + 1 === ordinals.length ? text : `${text},"o":[${join(ordinals)}]`;
}

function join(numbers: ArrayLike<number>): string {
  return Array.prototype.join.call(numbers, ',');
}
