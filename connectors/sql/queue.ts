/** One after the other: an SQLite file takes one writer, and waiting for it in the library would stop the whole process. */

/** Runs tasks in the order they came, one at a time. */
export class Queue {
  private tail: Promise<unknown> = Promise.resolve();

  run<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.tail.then(task);
    // The library answers without waiting, so a long queue would keep everything else in the process from running.
    this.tail = result.then(breathe, breathe);
    return result;
  }
}

function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const queues = new Map<string, Queue>();

/** The queue of a file: connectors of this process that share a file take turns. */
export function queueOf(file: string): Queue {
  let queue = queues.get(file);
  if (!queue) queues.set(file, (queue = new Queue()));
  return queue;
}
