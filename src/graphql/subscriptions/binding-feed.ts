/** `bindingChanged`: what changed of bindings, whichever process changed it. */
import { type Binding } from '../../domain/binding';
import {
  type BindingChange,
  type BindingChangeQuery,
  type BindingChanges,
} from '../../domain/ports';
import { type ErrorLog } from '../error';
import { abortable } from './abortable';
import { Pulse } from './pulse';

/** The database says when it took a change, and lets it be seen a moment later: longer than that a look waits. */
const EVERY_MS = 500;
/** So many are told with each look; what is more is told with the next ones. */
const MOST_AT_ONCE = 50;
/** What is dated further ahead is of a time before the database's clock was set back. */
const MOST_AHEAD_MS = 5_000;
/** That it was set back is noticed within that time, and what changed meanwhile has to be told. */
const NOTICED_MS = 15_000;

/** Where a subscription is in the order of changes. */
type Place = BindingChangeQuery['after'];

interface Seen {
  /** The last change of all. */
  readonly last: Date;
  /** Up to this one, everything can be seen. */
  readonly settled: Date;
}

export interface WatchedBindings {
  readonly bindingChanges: BindingChanges;
  /** The time of day as the database has it. */
  readonly now: () => Date;
}

export class BindingFeed {
  private readonly pulse: Pulse<Seen>;
  private seen: Seen | undefined;

  constructor(
    private readonly ports: WatchedBindings,
    private readonly log: ErrorLog,
  ) {
    const look = (): Promise<Seen> => this.look();
    this.pulse = new Pulse({ what: 'Changes of bindings', look, everyMs: EVERY_MS, log });
  }

  /**
   * Every subscription has a place of its own in the order of changes and reads on from there when it has told what it had:
   * nothing piles up for one that is slow, and of each binding it gets the last state.
   */
  changed(ruleId: string | undefined): AsyncGenerator<Binding, void, undefined> {
    return abortable((signal) => this.follow(ruleId, signal));
  }

  private async *follow(
    ruleId: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Binding, void, undefined> {
    const begin = await this.last();
    // What the database took at the last moment may not have been seen by anybody yet.
    let after: Place = { at: new Date(begin.getTime() - EVERY_MS) };
    const rule = ruleId === undefined ? {} : { ruleId };
    for await (const { last, settled } of this.pulse.watch(signal)) {
      if (isAhead(after.at, last)) after = { at: new Date(last.getTime() - NOTICED_MS) };
      if (after.id === undefined && settled <= after.at) continue;
      const page = await this.read({ ...rule, after, upTo: settled, limit: MOST_AT_ONCE });
      if (page === undefined) continue;
      for (const { binding, at } of page) {
        after = { at, id: binding.id };
        yield binding;
        if (signal.aborted) return;
      }
      if (page.length < MOST_AT_ONCE) after = { at: settled };
    }
  }

  /** Undefined: the database does not answer. The next look reads on from the same place. */
  private async read(query: BindingChangeQuery): Promise<readonly BindingChange[] | undefined> {
    try {
      return await this.ports.bindingChanges.since(query);
    } catch (error) {
      this.log.warn({ err: error }, 'Changes of bindings cannot be read at present');
      return undefined;
    }
  }

  private async look(): Promise<Seen> {
    const last = await this.last();
    const settled = this.seen?.last ?? last;
    this.seen = { last, settled: isAhead(settled, last) ? last : settled };
    return this.seen;
  }

  /** The last change of all, but none that is yet to come: it would hide all that come before it. */
  private async last(): Promise<Date> {
    const last = (await this.ports.bindingChanges.last()) ?? new Date(0);
    const now = this.ports.now();
    return isAhead(last, now) ? now : last;
  }
}

function isAhead(at: Date, of: Date): boolean {
  return at.getTime() > of.getTime() + MOST_AHEAD_MS;
}
