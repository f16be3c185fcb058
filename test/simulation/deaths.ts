/** Lives in which a process dies at one point, and perhaps the next one at another. */
import { type Fate, type Moment } from './fate';
import { type Ending, runLife } from './life';
import { type Break } from './processes';

export interface Death {
  readonly point: string;
  readonly moment: Moment;
  /** The how manieth time that somebody comes by there, from 1, since the death before. */
  readonly time: number;
}

/** Kills at the given deaths, one after the other, and notes who comes by where. */
class Fates implements Fate {
  /** How often each point was passed before the first death, and after the last. */
  readonly passed = new Map<string, number>();
  readonly passedAfterwards = new Set<string>();
  private readonly left: Death[];
  private times = 0;
  private isOn = false;
  private readonly wasAnything: boolean;

  constructor(deaths: readonly Death[]) {
    this.left = [...deaths];
    this.wasAnything = deaths.length > 0;
  }

  begins(): void {
    this.isOn = true;
  }

  survives(point: string, moment: Moment): boolean {
    if (!this.isOn) return true;
    if (moment === 'before') this.passed.set(point, (this.passed.get(point) ?? 0) + 1);
    const [next] = this.left;
    if (!next) {
      this.passedAfterwards.add(point);
      return true;
    }
    if (next.point !== point || next.moment !== moment) return true;
    this.times += 1;
    if (this.times < next.time) return true;
    this.left.shift();
    this.times = 0;
    return false;
  }

  get isFulfilled(): boolean {
    return this.wasAnything && this.left.length === 0;
  }
}

export interface Died extends Ending {
  /** How often somebody came by at each point. */
  readonly passed: ReadonlyMap<string, number>;
  /** Points at which somebody came by after the last death. */
  readonly passedAfterwards: ReadonlySet<string>;
}

/** `damage`: how the engine is broken on purpose. */
export async function lifeWith(deaths: readonly Death[], damage?: Break): Promise<Died> {
  const fates = new Fates(deaths);
  try {
    const { violations, seen } = await runLife(fates, damage);
    const missed =
      deaths.length === 0 || fates.isFulfilled ? [] : ['Nobody came to where somebody was to die'];
    return { violations: [...violations, ...missed], seen, ...passages(fates) };
  } catch (error) {
    return { violations: [String(error)], seen: [], ...passages(fates) };
  }
}

function passages({ passed, passedAfterwards }: Fates) {
  return { passed, passedAfterwards };
}

/** Dying after looking at something is dying before the next thing. */
export function isReading(point: string): boolean {
  return /(\.(find|findOne|countDocuments|distinct)|: (read|correlate))$/.test(point);
}
