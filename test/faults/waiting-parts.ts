// Parts of random programs that wait: at triggers, for signals and for messages. Whichever of its ways each of them takes, and
// whatever operators do to it meanwhile, as many actions run and the result is the same.

import type { Action, Flow, Json } from '../../src/workflow/model.js';

/** Part of a program: it begins at one action, and ends at one that has run whatever happened. */
export interface Block {
  readonly actions: Action[];
  readonly flows: Flow[];
  readonly entry: string;
  readonly exit: string;
  readonly effects: number;
  readonly result: Json;
}

/** Where in its program a part stands. */
export interface Where {
  /** What its steps see of the group they are in. */
  readonly item: string;
  /** One context of the instance is in it at a time: a signal that is raised there is for that one. */
  readonly isAlone: boolean;
  /** No context comes to it twice: what its triggers count begins at nothing. */
  readonly isOnce: boolean;
}

/** What the parts of a program are made with. */
export interface Kit {
  readonly random: (below: number) => number;
  /** A name that nothing else in the program has. */
  name(): string;
  /** An action with one effect, whose RESULT is its name and the item. */
  step(): Action;
  /** The branches side by side, behind a step of their own, and joined. */
  splitOf(branches: readonly Block[]): Block;
  /** Publishers that nobody else uses lie below it. */
  readonly branch: string;
  /** Operators expedite its triggers: none of them counts, and some wait for nothing else. */
  readonly isExpedited: boolean;
}

/** What operators raise and publish. */
export const outside = { signal: 'outside', publisher: '/outside/news' } as const;

/** How a flow leads out of a trigger. */
type Way = Pick<Flow, 'kind' | 'signal'>;
type Trigger = { readonly type: Action['type'] } & { readonly [property: string]: unknown };

export function waitingPart(kit: Kit, { item, isAlone, isOnce }: Where): Block {
  const { random } = kit;
  const monitored = { monitor: [outside.signal] };
  const onSignal = (signal: string): Way => ({ kind: 'signal', signal });
  switch (random(10)) {
    case 0:
      return ways({ type: 'delay', delay: soon() }, [{}]);
    case 1:
      return kit.isExpedited
        ? ways({ type: 'manual' }, [{}])
        : ways({ type: 'manual', timeout: soon() }, [{}, { kind: 'timeout' }]);
    case 2:
      return timer();
    case 3:
      return ways({ type: 'delay', delay: later(), ...monitored }, [{}, onSignal(outside.signal)]);
    case 4:
      return ways({ ...forChance(), timeout: later() }, [{}, { kind: 'timeout' }]);
    case 5:
      return raised();
    case 6:
      return race();
    case 7:
      return withdrawn();
    default:
      return messages();
  }

  function soon(): string {
    return `+${1 + random(60)}ms`;
  }

  function later(): string {
    return `+${20 + random(200)}ms`;
  }

  function action(trigger: Trigger): Action {
    return { name: kit.name(), ...trigger } as Action;
  }

  /** One action behind the other. */
  function row(actions: readonly Action[], effects: number, more: Partial<Flow> = {}): Block {
    const last = actions.at(-1)!.name;
    const flows = actions.slice(1).map((each, at): Flow => ({ ...more, from: actions[at]!.name, to: each.name }));
    return { actions: [...actions], flows, entry: actions[0]!.name, exit: last, effects, result: `${last}:${item}` };
  }

  /** A trigger, a step for each of the ways out of it, of which one is taken, and a step behind them. */
  function ways(trigger: Trigger, out: readonly Way[]): Block {
    const [head, tail] = [action(trigger), kit.step()];
    const steps = out.map(way => ({ way, step: kit.step() }));
    return {
      actions: [head, ...steps.map(({ step }) => step), tail],
      flows: steps.flatMap(({ way, step }): Flow[] => [
        { from: head.name, to: step.name, ...way },
        { from: step.name, to: tail.name },
      ]),
      entry: head.name,
      exit: tail.name,
      effects: 2,
      result: `${tail.name}:${item}`,
    };
  }

  /** One that counts, with a step at each firing; or one of which it does not matter whether it fires. */
  function timer(): Block {
    const count = 1 + random(3);
    const makeUp = (['none', 'once', 'all'] as const)[random(3)]!;
    const late = random(2) === 0 ? {} : { lateWindow: '+50ms', makeUp };
    const trigger = { type: 'timer', expression: `+${5 + random(30)}ms`, count, ...late } as const;
    const expires: Way = { kind: 'expiration' };
    if (kit.isExpedited || !isOnce) return ways(trigger, [{}, expires]);
    const { actions, flows, ...block } = ways(trigger, [expires]);
    const each = kit.step();
    const around: Flow[] = [
      { from: block.entry, to: each.name },
      { from: each.name, to: block.entry },
    ];
    return { ...block, actions: [...actions, each], flows: [...flows, ...around], effects: 2 + count };
  }

  /** Waits for what may come or not. */
  function forChance(): Trigger {
    switch (random(4)) {
      case 0:
        return { type: 'fileExist', files: ['/nowhere/*.none'] };
      case 1:
        return { type: 'message', publisher: outside.publisher };
      case 2:
        return { type: 'auditTrail', event: 'FinishingFlowChart' };
      default:
        return { type: 'message', publisher: outside.publisher, selector: 'n = 1' };
    }
  }

  /** One branch raises what the other waits for, or comes to while it is active. */
  function raised(): Block {
    const signal = kit.name();
    const raising = row([kit.step(), kit.step()], 2, { raise: [signal] });
    const out = [{}, onSignal(signal)];
    // In copies side by side one signal may end the waiting of both.
    if (!isAlone) return kit.splitOf([raising, ways({ type: 'delay', delay: later(), monitor: [signal] }, out)]);
    const waits: Trigger = random(3) === 0 ? { type: 'null' } : { type: 'manual' };
    return kit.splitOf([raising, ways({ ...waits, monitor: [signal] }, out)]);
  }

  /** Of several triggers one goes on. None of them leaves without firing: the others would go on then, too. */
  function race(): Block {
    const [head, tail] = [action({ type: 'null', race: true }), kit.step()];
    const racing: readonly Trigger[] = [
      { type: 'delay', delay: soon() },
      { type: 'delay', delay: soon() },
      { type: 'manual' },
      { type: 'timer', expression: soon() },
      forChance(),
    ];
    const drawn = [racing[0]!, ...racing.slice(1).filter(() => random(3) === 0)];
    if (drawn.length === 1) drawn.push(racing[2]!);
    const sides = drawn.map(trigger => ({ waits: action(trigger), step: kit.step() }));
    return {
      actions: [head, ...sides.flatMap(({ waits, step }) => [waits, step]), tail],
      flows: sides.flatMap(({ waits, step }): Flow[] => [
        { from: head.name, to: waits.name },
        { from: waits.name, to: step.name },
        // Such a timer has no end, which it must be said what follows of all the same.
        ...(waits.type === 'timer' ? [{ from: waits.name, to: step.name, kind: 'expiration' } as const] : []),
        { from: step.name, to: tail.name },
      ]),
      entry: head.name,
      exit: tail.name,
      effects: 2,
      result: `${tail.name}:${item}`,
    };
  }

  /** What waits is withdrawn, if nobody has let it go, which leads nowhere. */
  function withdrawn(): Block {
    const waits = action({ type: 'manual' });
    const head = kit.step();
    const block = row([head, action({ type: 'cancel', actions: [waits.name] }), kit.step()], 2);
    return {
      ...block,
      actions: [...block.actions, waits],
      flows: [...block.flows, { from: head.name, to: waits.name }],
    };
  }

  /** One branch publishes as many as the other takes, whoever takes them. */
  function messages(): Block {
    const publisher = `${kit.branch}/${kit.name()}`;
    const count = 1 + random(3);
    const selector = random(2) === 0 ? {} : { selector: "kind = 'some' AND n >= 0" };
    const publishing = Array.from({ length: count }, (_, n) =>
      action({ type: 'publish', publisher, data: { kind: 'some', n }, transactionBreak: random(2) === 0 }),
    );
    const taking = Array.from({ length: count }, () => [
      action({ type: 'message', publisher, ...selector }),
      kit.step(),
    ]);
    return kit.splitOf([row([...publishing, kit.step()], 1), row(taking.flat(), count)]);
  }
}
