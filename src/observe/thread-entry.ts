// Where the built files of this package are, whoever asks.
//
// A thread must be started from JavaScript. The asking module runs either built (`dist/src/observe/`) or as TypeScript
// under the test runner (`src/observe/`); the entries are in `dist/workers/` both times, so tests build first.

const builtRoot = new URL(import.meta.url).pathname.includes('/dist/src/observe/')
  ? new URL('../../', import.meta.url)
  : new URL('../../dist/', import.meta.url);

export type ThreadName = 'store-thread' | 'watchdog-thread';

/** A file of the build, by its path below `dist/`. */
export function builtFile(path: string): URL {
  return new URL(path, builtRoot);
}

/** The entry point of a worker thread. */
export function threadEntry(name: ThreadName): URL {
  return builtFile(`workers/${name}.js`);
}

/** What Piscina opens in the threads that run actions (workers/action-thread-door.cts). */
export function actionThreadDoor(): URL {
  return builtFile('workers/action-thread-door.cjs');
}
