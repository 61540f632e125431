// What Piscina opens in a thread: CommonJS, which imports the entry.
//
// WHY: Piscina requires what it is given first, and Node 20 ends the whole process when a thread is ended in the middle of
// requiring an ES module ("IsGraphAsync must be used on an instantiated module", seen). An import that is cut off only fails.

export = async (task: unknown): Promise<never> => (await import('./action-thread.js')).default(task as never);
