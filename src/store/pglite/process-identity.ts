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
