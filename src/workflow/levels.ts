// The levels of a definition: its own actions and flows, and those of each for-each body in it.
//
// Flows stay in their level, and names are unique in it. In a plan all levels are one list: the workflow's actions first,
// then body after body, outer ones before those in them. Verification walks levels that may be anything, plans those of
// verified definitions; so both number alike.

import { isPlainObject } from './conform.js';
import type { Path } from './fault.js';

/** Deepest nesting of bodies in bodies. */
export const bodyDepthMax = 8;

export interface Level {
  /** Of what has `actions` and `flows`: the definition or a body. */
  readonly path: Path;
  /** 0: the workflow; 1: a body in it. */
  readonly depth: number;
  /** The level of the forEach whose body it is. */
  readonly around: Level | null;
  /** What stands before the names of its actions in a plan: `outer/`. */
  readonly prefix: string;
  readonly actions: readonly unknown[];
  readonly flows: readonly unknown[];
  /** Actions and flows of the levels before it. */
  readonly placesBefore: number;
  readonly flowsBefore: number;
  /** Place in the plan of the first action of each name. */
  readonly places: ReadonlyMap<string, number>;
  /** Places of the actions in the bodies below it, by name. */
  readonly below: ReadonlyMap<string, readonly number[]>;
  /** Levels of its forEach actions, by their index in `actions`. */
  readonly bodies: ReadonlyMap<number, Level>;
}

/** All levels, in the order of their places. Bounded by the depth of the value. */
export function levelsOf(actions: readonly unknown[], flows: readonly unknown[]): Level[] {
  const levels: BuiltLevel[] = [];
  const open: WrittenLevel[] = [{ path: [], around: null, index: -1, prefix: '', actions, flows }];
  let placesBefore = 0;
  let flowsBefore = 0;
  for (const { index, ...written } of open) {
    const { around } = written;
    const level: BuiltLevel = {
      ...written,
      depth: around === null ? 0 : around.depth + 1,
      placesBefore,
      flowsBefore,
      places: new Map(),
      below: new Map(),
      bodies: new Map(),
    };
    levels.push(level);
    around?.bodies.set(index, level);
    placesBefore += level.actions.length;
    flowsBefore += level.flows.length;
    level.actions.forEach((action, at) => {
      addName(level, action, at);
      const body = bodyIn(level, action, at);
      if (body !== null) open.push(body);
    });
  }
  return levels;
}

/** A level that is being filled. */
interface BuiltLevel extends Level {
  readonly around: BuiltLevel | null;
  readonly places: Map<string, number>;
  readonly below: Map<string, number[]>;
  readonly bodies: Map<number, Level>;
}

interface WrittenLevel extends Pick<BuiltLevel, 'path' | 'around' | 'prefix' | 'actions' | 'flows'> {
  /** Of the forEach in the level around it. */
  readonly index: number;
}

function addName(level: BuiltLevel, action: unknown, index: number): void {
  if (!isPlainObject(action) || typeof action.name !== 'string' || level.places.has(action.name)) return;
  const place = level.placesBefore + index;
  level.places.set(action.name, place);
  for (let at = level.around; at !== null; at = at.around) {
    const others = at.below.get(action.name);
    if (others === undefined) at.below.set(action.name, [place]);
    else others.push(place);
  }
}

function bodyIn(around: BuiltLevel, action: unknown, index: number): WrittenLevel | null {
  if (!isPlainObject(action) || action.type !== 'forEach' || !isPlainObject(action.body)) return null;
  const { actions, flows } = action.body;
  return {
    path: [...around.path, 'actions', index, 'body'],
    around,
    index,
    prefix: `${around.prefix}${typeof action.name === 'string' ? action.name : '?'}/`,
    actions: Array.isArray(actions) ? actions : [],
    flows: Array.isArray(flows) ? flows : [],
  };
}

/** Places at which a level begins: those marked, else the first. */
export function startsOf({ actions, placesBefore }: Level): number[] {
  const marked = actions.flatMap((action, index) =>
    isPlainObject(action) && action.start === true ? [placesBefore + index] : [],
  );
  return marked.length > 0 || actions.length === 0 ? marked : [placesBefore];
}

/** Places that a name in `cancel` stands for: that of its own level, or else all of this name in the bodies below. */
export function regionNamed(name: string, { places, below }: Level): readonly number[] {
  const own = places.get(name);
  return own === undefined ? (below.get(name) ?? []) : [own];
}

/** Place of the forEach that `group` names: the nearest, of its own level or one around it. */
export function forEachNamed(name: string, level: Level): number | null {
  for (let at: Level | null = level; at !== null; at = at.around) {
    const place = at.places.get(name);
    const action = place === undefined ? null : at.actions[place - at.placesBefore];
    if (isPlainObject(action) && action.type === 'forEach') return place!;
  }
  return null;
}
