/** One call's abort signal, for all the operations of the call: a signal warns of more than ten listeners. */
export class Cancellation {
  private readonly callbacks = new Set<() => void>();

  constructor(private readonly signal: AbortSignal) {}

  get aborted(): boolean {
    return this.signal.aborted;
  }

  /** Calls back when the signal is aborted, at once when it already is; the answer takes the callback off again. */
  onAbort(callback: () => void): () => void {
    if (this.signal.aborted) {
      callback();
      return () => undefined;
    }
    if (this.callbacks.size === 0) this.signal.addEventListener('abort', this.fire, { once: true });
    this.callbacks.add(callback);
    return () => {
      this.callbacks.delete(callback);
      if (this.callbacks.size === 0) this.signal.removeEventListener('abort', this.fire);
    };
  }

  private readonly fire = (): void => {
    for (const callback of [...this.callbacks]) callback();
  };
}
