// Question: what does a trivial action cost between the main thread and its worker threads, and on which of them?
//
// One call action (`score` of bench/action.mjs, a tenth of a us of work) over the 3,201 films of vega-datasets, 399 bytes of
// JSON each, in batches of 500. The main thread does nothing but keep the threads fed; nothing is stored. Not measured:
// queue, store, commit.
//
//   node dist/bench/dispatch.js [--threads 1,2] [--members 400000] [--actions 1] [--json]
//
// `--actions 5` makes it a sequence of five in one transaction.
//
// Floor: parse + score + stringify in a plain loop take 1.0 us of the 2.2 us a member. Tried and left out: one decoding
// a batch and slices of it (+50 ns a member), `AsyncLocalStorage.run` instead of `enterWith` (+5 to 10 ns), a young
// generation of 16 or 64 MB (no difference).
//
// CPU is read per thread from /proc (Linux only): the main thread's own, and all others together, which are the worker
// threads plus V8's helpers.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Dispatcher } from '../src/dispatch/contract.js';
import { createDispatcher } from '../src/dispatch/pool.js';
import type { Batch, PackedJson } from '../src/dispatch/protocol.js';
import { compilePlan } from '../src/workflow/plan.js';
import { actionPath, packageRoot } from './records.js';

const batchMembers = 500;
const ticksPerSecond = 100;

interface Result {
  readonly threads: number;
  readonly members: number;
  readonly membersPerSecond: number;
  readonly mainUs: number;
  readonly otherUs: number;
  readonly messages: number;
  readonly checksum: number;
}

function packFilms(): PackedJson {
  const file = path.join(packageRoot, 'node_modules/vega-datasets/data/movies.json');
  const films = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
  const texts = films.map(film => Buffer.from(JSON.stringify(film)));
  const offsets = new Int32Array(texts.length + 1);
  for (const [at, text] of texts.entries()) offsets[at + 1] = offsets[at]! + text.length;
  return { bytes: Buffer.concat(texts), offsets };
}

/** CPU milliseconds of each thread of this process. */
function cpuMsByThread(): { main: number; others: number } {
  let main = 0;
  let others = 0;
  for (const id of readdirSync('/proc/self/task')) {
    const fields = readFileSync(`/proc/self/task/${id}/stat`, 'utf8').split(') ')[1]!.split(' ');
    const ms = ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
    if (Number(id) === process.pid) main += ms;
    else others += ms;
  }
  return { main, others };
}

class Feeder {
  #batches = 0;
  #answered = 0;
  #messages = 0;
  #checksum = 0;
  #goal = 0;
  #done: () => void = () => {};
  readonly #films = packFilms();
  readonly #ordinals = Uint16Array.from({ length: batchMembers }, (_, at) => at);
  readonly #dispatcher: Dispatcher;

  constructor(
    readonly threads: number,
    actions: number,
  ) {
    this.#dispatcher = createDispatcher(
      { threads },
      {
        outcomes: ({ groups }) => {
          this.#messages += 1;
          for (const { members, kind, payload } of groups) {
            if (kind === 'failed') throw new Error('an action failed');
            this.#answered += members.length;
            this.#checksum = (this.#checksum + payload!.bytes.length) % 1_000_003;
          }
          this.#feed();
        },
        late: () => {},
        log: () => {},
        room: () => this.#feed(),
        threadLost: ({ message }) => {
          throw new Error(`a thread was lost: ${message}`);
        },
      },
    );
    const names = Array.from({ length: actions }, (_, at) => `score${at}`);
    const definition = {
      name: '/bench/score',
      module: actionPath,
      actions: names.map(name => ({ name, type: 'call' as const, function: 'score' })),
      flows: names.slice(1).map((to, at) => ({ from: names[at]!, to })),
    };
    this.#dispatcher.define(1, compilePlan(definition, '/'));
  }

  async measure(members: number): Promise<Result> {
    await this.#dispatcher.start();
    await this.#run(members / 10);
    const answeredBefore = this.#answered;
    this.#messages = 0;
    this.#checksum = 0;
    const cpuBefore = cpuMsByThread();
    const startedMs = performance.now();
    await this.#run(members);
    const seconds = (performance.now() - startedMs) / 1_000;
    const cpu = cpuMsByThread();
    await this.#dispatcher.stop(1_000);
    const answered = this.#answered - answeredBefore;
    return {
      threads: this.threads,
      members: answered,
      membersPerSecond: Math.round(answered / seconds),
      mainUs: ((cpu.main - cpuBefore.main) * 1_000) / answered,
      otherUs: ((cpu.others - cpuBefore.others) * 1_000) / answered,
      messages: this.#messages,
      checksum: this.#checksum,
    };
  }

  #run(members: number): Promise<void> {
    this.#goal = this.#answered + members;
    return new Promise(resolve => {
      this.#done = resolve;
      this.#feed();
    });
  }

  #feed(): void {
    if (this.#answered >= this.#goal && this.#dispatcher.inFlight === 0) this.#done();
    while (this.#answered + this.#dispatcher.inFlight < this.#goal) {
      const count = Math.min(batchMembers, this.#dispatcher.capacity(1, 0));
      if (count === 0) return;
      this.#dispatcher.run(this.#batch(count));
    }
  }

  #batch(count: number): Batch {
    const { bytes, offsets } = this.#films;
    const id = ++this.#batches;
    const from = (id * batchMembers) % (offsets.length - 1 - batchMembers);
    const base = offsets[from]!;
    return {
      id,
      atMs: 0,
      count,
      parts: [
        {
          workflow: 1,
          place: 0,
          context: 0,
          hasRun: false,
          transaction: 0,
          attempt: 0,
          eligibleAtMs: 0,
          isWaiting: false,
          root: '018f0000-0000-7000-8000-000000000000',
          ordinals: this.#ordinals.slice(0, count),
        },
      ],
      inputs: {
        bytes: Uint8Array.from(bytes.subarray(base, offsets[from + count])),
        offsets: offsets.subarray(from, from + count + 1).map(offset => offset - base),
      },
      written: null,
    };
  }
}

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '1,2' },
    members: { type: 'string', default: '400000' },
    actions: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
for (const threads of values.threads.split(',').map(Number)) {
  const result = await new Feeder(threads, Number(values.actions)).measure(Number(values.members));
  if (values.json) {
    console.log(JSON.stringify(result));
    continue;
  }
  const { membersPerSecond, mainUs, otherUs, members, messages } = result;
  console.log(
    `${threads} threads: ${membersPerSecond.toLocaleString('en')} members/s, main ${mainUs.toFixed(2)} us, ` +
      `other threads ${otherUs.toFixed(2)} us a member, ${(members / messages).toFixed(0)} members a message`,
  );
}
