// What a module of several test files has opened is closed at the end of each of them. A hook at the module's top would not
// do: where files share a process the module is loaded once, and the hook is the first file's alone.

let closing: (() => Promise<void>)[] = [];

/** Have something done when the tests of this file have ended. */
export function atFileEnd(close: () => Promise<void>): void {
  closing.push(close);
}

/** In the order in which it was asked for. */
export async function fileEnds(): Promise<void> {
  const due = closing;
  closing = [];
  for (const close of due) await close();
}
