/** The guard as it would count and hold, without counting anything. */
import { type HeldFor } from '../../domain/binding';
import {
  type Admission,
  type Counted,
  type GuardStore,
  type GuardSubject,
  type GuardTrip,
  type Turnover,
} from '../../domain/guard';
import { type DeliveryGuard } from '../entries/guard';
import { HeldBack } from '../errors';

/** How much would have passed so far; to be kept with the place where a preview is. */
export interface RehearsedCounts {
  readonly targetId: string;
  readonly passed: Readonly<Partial<Record<GuardSubject, number>>>;
  /** Nothing more would pass, in any target. */
  readonly tripped: boolean;
}

export class RehearsedGuards implements Pick<GuardStore, 'admit' | 'trip'> {
  private passed: Partial<Record<GuardSubject, number>>;
  private tripped: boolean;

  constructor(
    private readonly targetId: string,
    before: RehearsedCounts,
    /** What is looked at once more has been counted. */
    private readonly isCounting: boolean,
  ) {
    this.passed = before.targetId === targetId ? { ...before.passed } : {};
    this.tripped = before.tripped;
  }

  get counted(): RehearsedCounts {
    const { targetId, passed, tripped } = this;
    return { targetId, passed: { ...passed }, tripped };
  }

  async admit(admission: Admission): Promise<Counted | { readonly trip: GuardTrip }> {
    if (!this.isCounting) return { count: 0, epoch: 0 };
    if (this.tripped) return { trip: tripOf(admission, 0, 0) };
    const { subject, amount } = admission;
    const count = (this.passed[subject] ?? 0) + amount;
    this.passed[subject] = count;
    return { count, epoch: 0 };
  }

  async trip(admission: Admission, { count, limit }: Counted & Pick<GuardTrip, 'limit'>) {
    this.tripped = true;
    // It was told to nobody, and nobody is to be told.
    return { trip: tripOf(admission, count, limit), isNew: false };
  }
}

function tripOf(
  { now: at, targetId, subject }: Admission,
  count: number,
  limit: number,
): GuardTrip {
  return { number: 0, at, targetId, subject, count, limit };
}

/** Notes what the guard would hold, and lets it pass so that the rest is told too. */
export class LenientGuard implements Pick<DeliveryGuard, 'permit' | 'permitLeaving'> {
  heldFor: HeldFor | undefined;

  constructor(private readonly guard: Pick<DeliveryGuard, 'permit' | 'permitLeaving'>) {}

  permit(act: 'REMOVE' | 'DISABLE'): Promise<void> {
    return this.noting(() => this.guard.permit(act));
  }

  permitLeaving(turnover: Turnover, from: number): Promise<void> {
    return this.noting(() => this.guard.permitLeaving(turnover, from));
  }

  private async noting(ask: () => Promise<void>): Promise<void> {
    // What is held already needs no second answer.
    if (this.heldFor !== undefined) return;
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof HeldBack)) throw error;
      this.heldFor = error.reason;
    }
  }
}
