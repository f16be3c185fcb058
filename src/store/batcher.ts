/**
 * Calls that come at the same time, carried out together. Most of what a command to the database costs does not depend on
 * how much it asks for, so that many requests share it. Nobody waits for company: a call that comes alone leaves at the end
 * of the turn of the event loop. Only while enough commands are under way the next one waits, and grows.
 */
interface Waiting<Item, Outcome> {
  readonly item: Item;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
}

interface BatchLimits {
  readonly together: number;
  readonly underWay: number;
}

const LIMITS: BatchLimits = { together: 100, underWay: 2 };

export class Batcher<Item, Outcome> {
  private waiting: Waiting<Item, Outcome>[] = [];
  private scheduled = false;
  private underWay = 0;

  /** `carryOut` answers one outcome for each item, in their order. When it rejects, all calls do. */
  constructor(
    private readonly carryOut: (items: readonly Item[]) => Promise<readonly Outcome[]>,
    private readonly limits: BatchLimits = LIMITS,
  ) {}

  submit(item: Item): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled || this.underWay >= this.limits.underWay) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.carryOutSome();
    });
  }

  /** Never rejects. */
  private async carryOutSome(): Promise<void> {
    const batch = this.waiting.splice(0, this.limits.together);
    this.underWay += 1;
    if (this.waiting.length > 0) this.schedule();
    try {
      const outcomes = await this.carryOut(batch.map(({ item }) => item));
      if (outcomes.length !== batch.length) throw new Error('A batch lost some of its outcomes');
      batch.forEach(({ resolve }, index) => resolve(outcomes[index] as Outcome));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.underWay -= 1;
      if (this.waiting.length > 0) this.schedule();
    }
  }
}
