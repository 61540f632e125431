// Memory of a process and everything it started, from /proc: sampled, the highest sum kept.
//
// Pages that processes share (PostgreSQL's buffers) count once for each of them; our own engine is one process, where
// the kernel's own high-water mark is exact.

import { readdirSync, readFileSync } from 'node:fs';

export class PeakMemory {
  readonly #root: number;
  readonly #timer: NodeJS.Timeout;
  readonly #seen = new Set<number>();
  #peakKb = 0;

  /** @param sampleMs how often it looks; the looks go through all processes there are */
  constructor(root: number, sampleMs: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#sample(), sampleMs);
  }

  /** Highest resident memory seen, megabytes (10^6 bytes). 0 where there is no /proc. */
  get peakMb(): number {
    return (this.#peakKb * 1_024) / 1_000_000;
  }

  /** Stop sampling, and end what the tree has left behind: it is all ours. */
  stop(): void {
    clearInterval(this.#timer);
    for (const pid of this.#seen) {
      if (parentOf(pid) !== 1) continue; // ended, or somebody else has taken its number
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended meanwhile
      }
    }
  }

  #sample(): void {
    let sumKb = 0;
    const tree = descendants(this.#root);
    for (const pid of tree) {
      if (pid !== this.#root) this.#seen.add(pid);
      sumKb += field(pid, tree.length === 1 ? 'VmHWM' : 'VmRSS');
    }
    this.#peakKb = Math.max(this.#peakKb, sumKb);
  }
}

/** Resident memory of a process, megabytes (10^6 bytes). 0 where there is no /proc. */
export function residentMb(pid: number): number {
  return (field(pid, 'VmRSS') * 1_024) / 1_000_000;
}

const ticksPerSecond = 100;

/** CPU a process has used, all threads, microseconds, to 10 ms. 0 where there is no /proc. */
export function cpuMicrosOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticksPerSecond;
  } catch {
    return 0; // no /proc, or it has ended
  }
}

function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of processes()) {
    const parent = parentOf(pid);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

function processes(): number[] {
  try {
    return readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return []; // no /proc: nothing is measured
  }
}

function parentOf(pid: number): number | null {
  const value = field(pid, 'PPid');
  return value === 0 ? null : value;
}

function field(pid: number, name: string): number {
  try {
    const match = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? 0 : Number(match[1]);
  } catch {
    return 0; // it has ended meanwhile
  }
}
