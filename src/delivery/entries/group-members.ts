/** Delivers who entered and who left a group since its entry last heard of it. Costs what changed, not what is there. */
import { type EntryRef } from '../../../connectors/spi';
import { type GuardedAmounts, type Turnover } from '../../domain/guard';
import { type Delivery } from './delivery';
import { HeldBack } from '../errors';
import {
  type MemberChange,
  type MemberEntry,
  type MembershipDeltas,
  type Resend,
} from '../../domain/delivery-ports';

/** Members in one call, and in one round of look-ups. */
const CHUNK = 500;

/** What a group's binding has to remember after its members were delivered. */
export interface MembersDelivered {
  readonly membersObserved: number;
  readonly resent: readonly string[];
}

type MemberResend = Resend & Required<Pick<Resend, 'memberId'>>;

interface Removal {
  readonly memberId: string;
  readonly ref: EntryRef;
}

/** What a group is told at once. */
interface Told {
  readonly add: readonly EntryRef[];
  readonly remove: readonly Removal[];
  readonly formerNames: readonly string[];
}

export class GroupMembers {
  constructor(
    private readonly deltas: Pick<
      MembershipDeltas,
      'changes' | 'entriesOf' | 'entriesNamed' | 'presentAmong'
    >,
    private readonly amounts: Pick<GuardedAmounts, 'turnoverOf'>,
  ) {}

  /**
   * Members without an entry in the target are passed over: when they get one, their own delivery asks for them again.
   * Nothing beyond the binding's generation is looked at, since only up to there the memberships are known to be
   * complete.
   */
  async deliver(delivery: Delivery, group: EntryRef): Promise<MembersDelivered> {
    const { item, membersObserved } = delivery;
    let heldBack: HeldBack | undefined;
    let isFirst = true;
    for await (const page of this.pages(item.resourceId, membersObserved, item.generation)) {
      if (isFirst) heldBack = await this.heldBack(delivery, page);
      isFirst = false;
      await this.deliverChanges(delivery, group, page, heldBack !== undefined);
    }
    const resent = await this.deliverResends(delivery, group, heldBack !== undefined);
    // Whoever came in is in; only who left is still there.
    if (heldBack) throw new HeldBack(heldBack.reason, heldBack.act, heldBack.trip, resent);
    return { membersObserved: item.generation, resent };
  }

  /** Asks the guard whether all who left may be taken out. A new entry has none of them. */
  private async heldBack(
    { item, membersObserved, session, isNew }: Delivery,
    firstPage: readonly MemberChange[],
  ): Promise<HeldBack | undefined> {
    if (isNew) return undefined;
    const turnover =
      firstPage.length < CHUNK
        ? turnoverOf(firstPage)
        : await this.amounts.turnoverOf(item.resourceId, membersObserved, item.generation);
    if (turnover.leaving === 0) return undefined;
    try {
      await session.guard.permitLeaving(turnover, membersObserved);
      return undefined;
    } catch (error) {
      if (error instanceof HeldBack) return error;
      throw error;
    }
  }

  /** Takes every member out: what "disabled" means for a group. */
  async removeAll(delivery: Delivery, group: EntryRef): Promise<void> {
    const { item } = delivery;
    await delivery.session.guard.permit('DISABLE');
    for await (const page of this.pages(item.resourceId, 0, Number.MAX_SAFE_INTEGER)) {
      const entries = await this.entriesOf(delivery, page);
      const remove = page.flatMap(({ memberId }) => removalOf(entries.get(memberId)));
      if (remove.length > 0) {
        await delivery.session.members(group, { add: [], remove: remove.map(({ ref }) => ref) });
      }
    }
  }

  private async *pages(
    groupId: string,
    after: number,
    upTo: number,
  ): AsyncGenerator<readonly MemberChange[]> {
    let last: MemberChange | undefined;
    do {
      const page = await this.deltas.changes({
        groupId,
        after,
        upTo,
        limit: CHUNK,
        ...(last ? { last } : {}),
      });
      if (page.length > 0) yield page;
      last = page.length < CHUNK ? undefined : page.at(-1);
    } while (last);
  }

  private async deliverChanges(
    delivery: Delivery,
    group: EntryRef,
    changes: readonly MemberChange[],
    nobodyLeaves: boolean,
  ): Promise<void> {
    const entries = await this.entriesOf(delivery, changes);
    const add: EntryRef[] = [];
    const remove: Removal[] = [];
    for (const { memberId, present } of changes) {
      const entry = entries.get(memberId);
      if (present) add.push(...refOf(entry));
      else if (!nobodyLeaves) remove.push(...removalOf(entry));
    }
    await this.send(delivery, group, { add, remove, formerNames: [] });
  }

  /** Answers the marks of those that were delivered. */
  private async deliverResends(
    delivery: Delivery,
    group: EntryRef,
    nobodyLeaves: boolean,
  ): Promise<readonly string[]> {
    const { resend } = delivery.item;
    const single = resend.filter(isOfMember);
    const resent: string[] = [];
    for (let start = 0; start < single.length; start += CHUNK) {
      const chunk = single.slice(start, start + CHUNK);
      resent.push(...(await this.deliverAgain(delivery, group, chunk, nobodyLeaves)));
    }
    if (single.length === resend.length) return resent;
    await this.deliverEverybody(delivery, group, nobodyLeaves);
    // Who left has to be taken out under all names once that is permitted.
    return nobodyLeaves ? resent : resend.map(({ mark }) => mark);
  }

  /** All who are in and all who are known to have left, under all names that their entries had. */
  private async deliverEverybody(
    delivery: Delivery,
    group: EntryRef,
    nobodyLeaves: boolean,
  ): Promise<void> {
    const { resourceId, generation } = delivery.item;
    for await (const page of this.pages(resourceId, 0, generation)) {
      const entries = await this.entriesOf(delivery, page);
      const staying = page.filter(({ present }) => present);
      const concerned = (nobodyLeaves ? staying : page).map(({ memberId, present }) => ({
        entry: entries.get(memberId),
        present,
      }));
      await this.send(delivery, group, {
        add: staying.flatMap(({ memberId }) => refOf(entries.get(memberId))),
        remove: concerned
          .filter(({ entry, present }) => !present || entry?.reference === undefined)
          .flatMap(({ entry }) => removalOf(entry)),
        formerNames: [...new Set(concerned.flatMap(({ entry }) => entry?.formerNames ?? []))],
      });
    }
  }

  /**
   * Some members whose entries came, went or have other names since the group was told. Answers the marks of those that
   * were delivered: who may not leave yet does not leave under a former name either.
   */
  async deliverAgain(
    delivery: Delivery,
    group: EntryRef,
    resends: readonly MemberResend[],
    nobodyLeaves: boolean,
  ): Promise<readonly string[]> {
    const memberIds = [...new Set(resends.map(({ memberId }) => memberId))];
    const [entries, present] = await Promise.all([
      this.entriesOf(delivery, resends),
      this.deltas.presentAmong(delivery.item.resourceId, memberIds),
    ]);
    const delivered = resends.filter(
      ({ memberId, formerName }) =>
        !nobodyLeaves || formerName === undefined || present.has(memberId),
    );
    const renamed = new Set(
      resends.filter(({ formerName }) => formerName !== undefined).map((one) => one.memberId),
    );
    // A directory that follows a rename may do so while somebody leaves, and put the new name in.
    const goes = (id: string): boolean =>
      entries.get(id)?.reference === undefined ||
      (!nobodyLeaves && renamed.has(id) && !present.has(id));
    await this.send(delivery, group, {
      add: memberIds.filter((id) => present.has(id)).flatMap((id) => refOf(entries.get(id))),
      remove: memberIds.filter(goes).flatMap((id) => removalOf(entries.get(id))),
      formerNames: [...new Set(delivered.flatMap(({ formerName }) => formerName ?? []))],
    });
    return delivered.map(({ mark }) => mark);
  }

  /**
   * Directories know members by name or by reference. Where somebody who stays has the name of somebody who leaves,
   * leaving comes first, in a call of its own, and who stays is added afterwards. Who was renamed never leaves: only the
   * former name does.
   */
  private async send(
    { item, session }: Delivery,
    group: EntryRef,
    { add, remove, formerNames }: Told,
  ): Promise<void> {
    const leaving = remove.map(({ ref }) => ref);
    const names = new Map(formerNames.map((name) => [name, undefined as string | undefined]));
    for (const { memberId, ref } of remove) names.set(ref.name, memberId);
    const staying = unique([...add, ...(await this.namesakes(item, names))]);
    const taken = new Set(staying.flatMap((ref) => [`r ${ref.reference}`, `n ${ref.name}`]));
    const clash = leaving.some(
      ({ reference, name }) => taken.has(`r ${reference}`) || taken.has(`n ${name}`),
    );
    if (clash) await session.members(group, { add: [], remove: leaving });
    const together = clash ? [] : leaving;
    if (staying.length + together.length + formerNames.length === 0) return;
    const former = formerNames.length > 0 ? { formerNames } : {};
    await session.members(group, { add: staying, remove: together, ...former });
  }

  /** Members of the group that now have a name that goes, and are not those who leave it. */
  private async namesakes(
    { targetId, resourceId }: Delivery['item'],
    leaving: ReadonlyMap<string, string | undefined>,
  ): Promise<readonly EntryRef[]> {
    if (leaving.size === 0) return [];
    const named = await this.deltas.entriesNamed(targetId, [...leaving.keys()]);
    const others = named.filter(({ memberId, name }) => leaving.get(name ?? '') !== memberId);
    if (others.length === 0) return [];
    const ids = others.map(({ memberId }) => memberId);
    const present = await this.deltas.presentAmong(resourceId, ids);
    return others.filter(({ memberId }) => present.has(memberId)).flatMap(refOf);
  }

  private entriesOf(
    { item }: Delivery,
    members: readonly { readonly memberId: string }[],
  ): Promise<ReadonlyMap<string, MemberEntry>> {
    return this.deltas.entriesOf(
      item.targetId,
      members.map(({ memberId }) => memberId),
    );
  }
}

function isOfMember(resend: Resend): resend is MemberResend {
  return resend.memberId !== undefined;
}

function turnoverOf(changes: readonly MemberChange[]): Turnover {
  const coming = changes.filter(({ present }) => present).length;
  return { leaving: changes.length - coming, coming };
}

function unique(refs: readonly EntryRef[]): readonly EntryRef[] {
  return [...new Map(refs.map((ref) => [ref.reference, ref])).values()];
}

function refOf(entry: MemberEntry | undefined): EntryRef[] {
  const { reference, name } = entry ?? {};
  return reference === undefined || name === undefined ? [] : [{ reference, name }];
}

function removalOf(entry: MemberEntry | undefined): Removal[] {
  const reference = entry?.reference ?? entry?.lastReference;
  if (!entry || reference === undefined || entry.name === undefined) return [];
  return [{ memberId: entry.memberId, ref: { reference, name: entry.name } }];
}
