// Several lanes for transactions of which some must keep their order: those that touch the same things go down the same
// lane, one behind the other; others take the lane with the least to do.
//
// One that touches what is under way on two lanes waits until one of them is done with it, and so do those behind it
// that touch what it touches.

/** What this file needs of a lane. */
export interface Choosable {
  readonly load: number;
  readonly isRefusing: boolean;
}

interface Parked<L> {
  readonly touches: readonly string[];
  start(lane: L): void;
}

/** What is under way on a lane of those that touch one thing. */
interface Use<L> {
  readonly lane: L;
  count: number;
}

/** The one with the least to do, of those that take work if there is one. */
export function leastLoaded<L extends Choosable>(lanes: readonly L[]): L {
  const willing = lanes.filter(({ isRefusing }) => !isRefusing);
  return (willing.length > 0 ? willing : lanes).reduce((best, lane) => (lane.load < best.load ? lane : best));
}

export class OrderedLanes<L extends Choosable> {
  readonly #lanes: readonly L[];
  readonly #uses = new Map<string, Use<L>>();
  #parked: Parked<L>[] = [];

  constructor(lanes: readonly L[]) {
    this.#lanes = lanes;
  }

  /** Do some work on a lane, after all work asked for before that touches one of the same things was begun there. */
  run<T>(touches: readonly string[], work: (lane: L) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = (lane: L): void => {
        for (const thing of touches) this.#use(thing, lane);
        work(lane)
          .then(resolve, reject)
          .finally(() => {
            for (const thing of touches) this.#release(thing);
            this.#advance();
          });
      };
      this.#parked.push({ touches, start });
      this.#advance();
    });
  }

  /** Whether something that touches one of these is under way or waits. */
  isUnderWay(touches: readonly string[]): boolean {
    return touches.some(thing => this.#uses.has(thing) || this.#parked.some(parked => parked.touches.includes(thing)));
  }

  /** Begin what can be begun, in the order it was asked for. */
  #advance(): void {
    const blocked = new Set<string>();
    const staying: Parked<L>[] = [];
    for (const parked of this.#parked.splice(0)) {
      const lanes = new Set(parked.touches.flatMap(thing => this.#uses.get(thing)?.lane ?? []));
      if (lanes.size > 1 || parked.touches.some(thing => blocked.has(thing))) {
        for (const thing of parked.touches) blocked.add(thing);
        staying.push(parked);
      } else {
        const [only] = lanes;
        parked.start(only ?? leastLoaded(this.#lanes));
      }
    }
    this.#parked.unshift(...staying);
  }

  #use(thing: string, lane: L): void {
    const use = this.#uses.get(thing);
    if (use === undefined) this.#uses.set(thing, { lane, count: 1 });
    else use.count += 1;
  }

  #release(thing: string): void {
    const use = this.#uses.get(thing);
    if (use === undefined) return;
    use.count -= 1;
    if (use.count === 0) this.#uses.delete(thing);
  }
}
