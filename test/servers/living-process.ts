// Processes that a test has had started, as the system sees them.

/** Whether a process is there; a zombie is. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
