/** One after the other: an SQLite file takes one writer, and waiting for it in the library would stop the whole process. */

/** The library answers without waiting: after this long, whatever else the process has to do gets its turn. */
const TURN_MS = 5;

/** Runs tasks in the order they came, one at a time. */
export class Queue {
  private tail: Promise<unknown> = Promise.resolve();
  private turnEnds = 0;

  run<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.tail.then(task);
    const next = (): Promise<void> | undefined => this.breathe();
    this.tail = result.then(next, next);
    return result;
  }

  private breathe(): Promise<void> | undefined {
    if (performance.now() < this.turnEnds) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        this.turnEnds = performance.now() + TURN_MS;
        resolve();
      }),
    );
  }
}

const queues = new Map<string, Queue>();

/** The queue of a file: connectors of this process that share a file take turns. */
export function queueOf(file: string): Queue {
  let queue = queues.get(file);
  if (!queue) queues.set(file, (queue = new Queue()));
  return queue;
}
