/**
 * Async generators end only where they yield: one that waits would keep its consumer's `return` waiting as well, and with it
 * whatever it holds. Here `return` ends the wait.
 */
export function abortable<Item>(
  run: (signal: AbortSignal) => AsyncGenerator<Item, void, undefined>,
): AsyncGenerator<Item, void, undefined> {
  const controller = new AbortController();
  const generator = run(controller.signal);
  return {
    next: () => generator.next(),
    return: (value) => {
      controller.abort();
      return generator.return(value);
    },
    throw: (error: unknown) => {
      controller.abort();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}
