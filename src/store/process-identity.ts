// Which process a number means: its start time tells a process from a later one with the same number.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in a form only good for comparing: ticks since boot on Linux, a date elsewhere. */
  readonly started: string;
  /** Differs after each boot; empty where there is none. */
  readonly bootId: string;
  /** Two processes see each other by number only within one; empty where there are none. */
  readonly pidNamespace: string;
  readonly host: string;
  /** Stays over boots; empty where there is none, as in most containers. */
  readonly machineId: string;
}

function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    // No such file or process, which is an answer here.
    return otherwise;
  }
}

/** When the process started, or `null` when none has the number. */
export function startOf(pid: number): string | null {
  if (process.platform === 'linux') {
    const stat = readOr(() => fs.readFileSync(`/proc/${pid}/stat`, 'latin1'), '');
    // The command, in parentheses, may itself have blanks and parentheses; the start is the 22nd field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds nothing any more, but keeps its number.
    return stat === '' || fields[0] === 'Z' ? null : (fields[19] ?? null);
  }
  const listed = readOr(() => execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }), '');
  return listed.trim() === '' ? null : listed.trim();
}

export function currentProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    bootId: readOr(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(), ''),
    pidNamespace: readOr(() => fs.readlinkSync('/proc/self/ns/pid'), ''),
    host: os.hostname(),
    machineId: readOr(() => fs.readFileSync('/etc/machine-id', 'latin1').trim(), ''),
  };
}

/** Whether the process of an identity still runs, as far as this one can tell. */
export function fateOf(other: ProcessIdentity, self: ProcessIdentity): 'lives' | 'gone' | 'unknown' {
  if (other.bootId !== self.bootId) {
    const isThisMachine = self.machineId !== '' && other.machineId === self.machineId && other.host === self.host;
    return isThisMachine ? 'gone' : 'unknown'; // it has been started since
  }
  if (other.pidNamespace !== self.pidNamespace) return 'unknown';
  return startOf(other.pid) === other.started ? 'lives' : 'gone';
}

/** As it was written; `null` when it is none. */
export function readIdentity(text: string | null): ProcessIdentity | null {
  if (text === null) return null;
  const { pid, started, bootId, pidNamespace, host, machineId } = JSON.parse(text) as Partial<ProcessIdentity>;
  const texts = [started, bootId, pidNamespace, host, machineId];
  if (typeof pid !== 'number' || texts.some(each => typeof each !== 'string')) return null;
  return { pid, started: started!, bootId: bootId!, pidNamespace: pidNamespace!, host: host!, machineId: machineId! };
}
