// The round of `submit`, for whoever speaks our protocol over HTTP: a stream through the client, four batches under way.

import type { Client } from '../src/client/index.js';
import type { Outcome, Setting } from './contestant.js';
import { submissionOf } from './definitions.js';
import { LatencyHistogram } from './latency-histogram.js';
import { cpuMicrosOf, residentMb } from './process-tree.js';
import { loadFilms } from './records.js';
import { Tally } from './tally.js';
import { batchSize, workOf } from './workload.js';

/** Submits on their way at once, for us and for the peers. */
export const batchesUnderWay = 4;
/** More than are read ahead: `batchesUnderWay` batches and one. */
const remembered = (batchesUnderWay + 2) * batchSize;

export interface SubmitServer {
  readonly client: Client;
  readonly pid: number;
  /** Instances it has stored. */
  stored(): Promise<number>;
}

export async function submitRound({ client, pid, stored }: SubmitServer, setting: Setting): Promise<Outcome> {
  const { scenario, size } = setting;
  const films = loadFilms();
  const tally = new Tally(size, setting.onProgress);
  const readAtMs = new Float64Array(remembered);
  const serverMb: string[] = [];
  const clientMb: string[] = [];
  function* records() {
    for (let index = 0; index < size; index++) {
      readAtMs[index % remembered] = performance.now();
      yield submissionOf(scenario, workOf(scenario, films, index), 0);
    }
  }
  const own = process.cpuUsage();
  const serverBefore = cpuMicrosOf(pid);
  tally.start();
  await client.submitMany(records(), {
    batchesUnderWay,
    onAccepted: (ids, index) => {
      for (let at = index; at < index + ids.length; at++) tally.end(readAtMs[at % remembered]!, 0);
      if (tally.completed < (size * (serverMb.length + 1)) / 10) return;
      serverMb.push(residentMb(pid).toFixed(0));
      clientMb.push((process.memoryUsage.rss() / 1e6).toFixed(0));
    },
  });
  await tally.finished();
  const { user, system } = process.cpuUsage(own);
  const serverMicros = cpuMicrosOf(pid) - serverBefore;
  return {
    ...tally.outcome({
      actions: null,
      remarks: {
        'memory of the server, ten times': `${serverMb.join(' ')} MB`,
        'memory of the client, ten times': `${clientMb.join(' ')} MB`,
      },
    }),
    completed: await stored(),
    cpuMicros: user + system + serverMicros,
  };
}

/** Submits of one instance, each awaited before the next. */
export async function oneByOne(client: Client, { scenario }: Setting, count: number): Promise<string> {
  const films = loadFilms();
  const latencies = new LatencyHistogram();
  for (let index = 0; index < count; index++) {
    const startedAtMs = performance.now();
    await client.submit(submissionOf(scenario, workOf(scenario, films, index), 0));
    latencies.add(performance.now() - startedAtMs);
  }
  const [p50, p99] = [latencies.percentileMs(0.5), latencies.percentileMs(0.99)];
  return `p50 ${p50.toPrecision(3)} ms, p99 ${p99.toPrecision(3)} ms`;
}
