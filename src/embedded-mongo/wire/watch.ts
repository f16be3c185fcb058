/** A connection as its watch sees it. */
export interface Watched {
  /** Bytes kept for the connection until its client sends or takes more. */
  readonly heldBytes: number;
  /** When it began to wait for its client; undefined when the client may be quiet. */
  readonly waitingSince: number | undefined;
  /** Ends the connection at once. */
  cut(): void;
}

/** A wait is measured in this many steps. */
const STEPS = 20;
const SHORTEST_STEP_MS = 5;

/**
 * Ends connections whose clients keep the server waiting, and bounds what is held for all of them
 * together. One timer counts for everybody: while the thread is busy with a long command it does not
 * run, so nobody is cut off for bytes that were there but could not be read yet.
 */
export class ConnectionWatch {
  private readonly connections = new Set<Watched>();
  private timer: NodeJS.Timeout | undefined;
  private step = 0;

  constructor(
    silenceMs: number,
    private readonly heldLimit: number,
  ) {
    this.allow(silenceMs);
  }

  /** The present moment, for `waitingSince`. */
  get now(): number {
    return this.step;
  }

  get size(): number {
    return this.connections.size;
  }

  add(connection: Watched): void {
    this.connections.add(connection);
  }

  remove(connection: Watched): void {
    this.connections.delete(connection);
  }

  /** From now on clients may keep the server waiting this long. */
  allow(silenceMs: number): void {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.next(), Math.max(SHORTEST_STEP_MS, silenceMs / STEPS));
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** To be called when more is held. Cuts those that waited longest until it is little enough. */
  checkHeld(): void {
    let held = 0;
    for (const { heldBytes } of this.connections) held += heldBytes;
    if (held <= this.heldLimit) return;
    const waiting = [...this.connections]
      .filter(({ heldBytes, waitingSince }) => heldBytes > 0 && waitingSince !== undefined)
      .sort((a, b) => (a.waitingSince as number) - (b.waitingSince as number));
    for (const connection of waiting) {
      if (held <= this.heldLimit) return;
      held -= connection.heldBytes;
      connection.cut();
    }
  }

  private next(): void {
    this.step += 1;
    for (const connection of this.connections) {
      const { waitingSince } = connection;
      if (waitingSince !== undefined && this.step - waitingSince > STEPS) connection.cut();
    }
  }
}
