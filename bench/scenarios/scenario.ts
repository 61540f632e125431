// What a scenario says of itself. Contestants read it; nobody else decides what is submitted.

/** How the instances come.
 * - `stream`: batches of 500, one after the other, executed meanwhile.
 * - `one-at-a-time`: the next is submitted when the last has ended.
 * - `backlog`: drain and submit with `size` ready against `smallSize` ready.
 * - `restart`: drain right after a restart, nothing cached, against drained warm.
 * - `sustained`: a steady stream with at most `size` open, for a time.
 * - `submit`: a stream over HTTP, four batches under way, nothing executed; an instance counts when it is stored.
 * - `micro`: parts of the engine by themselves; no contestants.
 * - `time`: schedules by themselves, beside libraries that have some of them.
 * - `sleepers`: `size` instances wait for a far time.
 * - `due`: `size` instances wait for the same instant.
 * - `year`: one instance on a clock of its own.
 * - `flows`: the scenarios of flow charts, one race each, and what one instance costs when it splits or loops for long.
 * - `order`: the queues by themselves. */
export type Arrival =
  | 'stream'
  | 'one-at-a-time'
  | 'backlog'
  | 'restart'
  | 'sustained'
  | 'submit'
  | 'micro'
  | 'time'
  | 'sleepers'
  | 'due'
  | 'year'
  | 'flows'
  | 'order';

/** How the actions of an instance follow each other.
 * - `sequence`: `steps` transactions (for a peer: jobs) of `actionsPerStep` actions.
 * - `split`: one action, `steps` branches of one action at once, one action that joins them.
 * - `loop`: one action, `steps` times, each a transaction. */
export type Shape = 'sequence' | 'split' | 'loop';

/** Where Millrace keeps its work, store and queue. The peers bring their own servers. */
export type HomeName = 'folder' | 'folder-and-redis' | 'postgres-and-redis';

export interface Scenario {
  readonly name: string;
  /** One sentence for the help text. */
  readonly sentence: string;
  readonly arrival: Arrival;
  readonly home: HomeName;
  /** Engine processes of Millrace; more than one only for a `stream`, and not in a folder without Redis. */
  readonly engines: number;
  /** Instances of a round; `toySize` in the test suite. */
  readonly size: number;
  readonly toySize: number;
  /** `backlog`: ready instances it is compared with. */
  readonly smallSize: number;
  readonly smallToySize: number;
  /** `sustained`: how long, milliseconds. */
  readonly durationMs: number;
  readonly toyDurationMs: number;
  /** `sleepers`, `due`: no two share a row of the store. */
  readonly isApart: boolean;
  readonly branches: number;
  /** Different priorities, interleaved; 1 means none is given. */
  readonly priorities: number;
  readonly shape: Shape;
  readonly steps: number;
  readonly actionsPerStep: number;
  /** Exported function of action.mjs. */
  readonly action: 'score' | 'scoreLater' | 'refuse';
  /** `scoreLater`: the pause, milliseconds. */
  readonly waitMs: number;
  /** Actions under way at once for the peers that take a number; `null`: their fastest setting. */
  readonly concurrency: number | null;
  /** Exponential: `delayMs`, then each delay is the last one times `factor`. */
  readonly retry: { readonly retries: number; readonly delayMs: number; readonly factor: number };
  /** What `ratio` compares, ours over theirs: instances a second, or the median latency (there less is better). */
  readonly measure: 'perSecond' | 'p50Ms';
  /** Peers that take part when `--peers` is not given. */
  readonly peers: readonly string[];
  /** The subject also runs that scenario in each round; `subject.ratio` compares actions a second of the two. */
  readonly baseline: { readonly scenario: string; readonly ratio: 'here-over-there' | 'there-over-here' } | null;
  /** Rounds when `--rounds` is not given. */
  readonly rounds: number;
}

/** What most scenarios have in common. */
export const plainScenario = {
  arrival: 'stream',
  home: 'folder',
  engines: 1,
  size: 100_000,
  toySize: 600,
  smallSize: 0,
  smallToySize: 0,
  durationMs: 0,
  toyDurationMs: 0,
  isApart: false,
  branches: 1,
  priorities: 1,
  shape: 'sequence',
  steps: 1,
  actionsPerStep: 1,
  action: 'score',
  waitMs: 0,
  concurrency: null,
  retry: { retries: 5, delayMs: 1_000, factor: 2 },
  measure: 'perSecond',
  peers: [],
  baseline: null,
  rounds: 3,
} as const satisfies Omit<Scenario, 'name' | 'sentence'>;
