/** How far a tool is, on standard error: a bar on a terminal, elsewhere a plain line now and then. */
const BAR = 30;
const REDRAW_MS = 100;
const LINE_MS = 5_000;

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class Progress {
  private done = 0;
  private readonly startedAt = Date.now();
  private shownAt = Date.now();

  /** `total` is an estimate; 0 when unknown. */
  constructor(
    private readonly label: string,
    private readonly total: number,
    private readonly output: ProgressOutput = process.stderr,
  ) {}

  advance(count = 1): void {
    this.done += count;
    const now = Date.now();
    if (now - this.shownAt < (this.output.isTTY === true ? REDRAW_MS : LINE_MS)) return;
    this.shownAt = now;
    this.show();
  }

  /** Shows the last state and leaves it there. */
  finish(): void {
    this.show();
    if (this.output.isTTY === true) this.output.write('\n');
  }

  private show(): void {
    const seconds = Math.max(Date.now() - this.startedAt, 1) / 1000;
    const rate = `${Math.round(this.done / seconds)}/s`;
    // Others may have written meanwhile: more can be done than was counted at the start.
    const share = this.total === 0 ? 1 : Math.min(this.done / this.total, 1);
    const text = `${this.done} of ${Math.max(this.total, this.done)} documents, ${rate}`;
    if (this.output.isTTY === true) {
      const filled = Math.round(share * BAR);
      const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}`;
      this.output.write(`\r\u001b[K${this.label} [${bar}] ${text}`);
    } else {
      this.output.write(`${this.label}: ${text}\n`);
    }
  }
}

export function totalOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
