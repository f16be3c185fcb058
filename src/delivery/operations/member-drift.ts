/** Who is missing in a group's entry and who is too much there, as far as no delivery is about to mend it. */
import { type EntryRef } from '../../../connectors/spi';
import {
  type BindingSweeps,
  type MemberRepair,
  type SweptBinding,
} from '../../domain/binding-sweep';
import { type MemberChange, type MembershipDeltas } from '../../domain/delivery-ports';
import { type MembersDifference } from '../../domain/drift';
import { type HostedConnector } from '../connectors/hosted-connector';

export interface MemberDriftDeps {
  readonly deltas: Pick<MembershipDeltas, 'changes' | 'entriesOf' | 'entriesNamed'>;
  readonly sweeps: Pick<BindingSweeps, 'byReferences' | 'ofResources'>;
}

export interface MemberDrift {
  readonly difference: MembersDifference;
  readonly repairs: readonly MemberRepair[];
}

/** As many as a group's binding takes at a time; the next reconciling finds the rest. */
const MOST_REPAIRS = 500;
const MOST_SHOWN = 50;
const PAGE = 500;

export class MemberDrifts {
  constructor(private readonly deps: MemberDriftDeps) {}

  /** Undefined: nothing differs, or the connector cannot read members. */
  async of(
    group: SweptBinding,
    entry: EntryRef,
    connector: HostedConnector,
    signal: AbortSignal,
  ): Promise<MemberDrift | undefined> {
    if (!connector.comparesMembers) return undefined;
    const missing = new Tally();
    const extra = new Tally();
    const repairs: MemberRepair[] = [];
    const found = connector.compareMembers(entry, this.expected(group), { signal });
    for await (const page of found) {
      const gone = page.flatMap((one) => ('missing' in one ? [one.missing] : []));
      const surplus = page.flatMap((one) => ('extra' in one ? [one.extra] : []));
      for (const { ref, memberId } of await this.settled(group, gone)) {
        missing.add(ref.name);
        repairs.push({ memberId });
      }
      for (const { name, memberId } of await this.known(group, surplus)) {
        extra.add(name);
        if (memberId !== undefined) repairs.push({ memberId, formerName: name });
      }
    }
    if (missing.count + extra.count === 0) return undefined;
    return {
      difference: {
        missing: missing.shown,
        missingCount: missing.count,
        extra: extra.shown,
        extraCount: extra.count,
      },
      repairs: repairs.slice(0, MOST_REPAIRS),
    };
  }

  /** The members up to the generation that the target has, as far as they have entries. */
  private async *expected(group: SweptBinding): AsyncGenerator<readonly EntryRef[]> {
    let last: MemberChange | undefined;
    do {
      const page = await this.deps.deltas.changes({
        groupId: group.resourceId,
        after: 0,
        upTo: group.membersObserved,
        limit: PAGE,
        ...(last ? { last } : {}),
      });
      const ids = page.filter(({ present }) => present).map(({ memberId }) => memberId);
      const entries = await this.deps.deltas.entriesOf(group.targetId, ids);
      yield [...entries.values()].flatMap(({ reference, name }) =>
        reference === undefined || name === undefined ? [] : [{ reference, name }],
      );
      last = page.length < PAGE ? undefined : page.at(-1);
    } while (last);
  }

  /** Those whose own entries nobody is about to change: their groups are told afterwards. */
  private async settled(group: SweptBinding, refs: readonly EntryRef[]) {
    if (refs.length === 0) return [];
    const references = refs.map(({ reference }) => reference);
    const { sweeps } = this.deps;
    const bindings = [
      ...(await sweeps.byReferences(group.targetId, 'User', references)),
      ...(await sweeps.byReferences(group.targetId, 'Group', references)),
    ];
    const members = new Map(bindings.map((binding) => [binding.reference, binding]));
    return refs.flatMap((ref) => {
      const member = members.get(ref.reference);
      if (!member || member.isUnderWay) return [];
      return [{ ref, memberId: member.resourceId }];
    });
  }

  private async known(group: SweptBinding, names: readonly string[]) {
    if (names.length === 0) return [];
    const { deltas, sweeps } = this.deps;
    const entries = await deltas.entriesNamed(group.targetId, names);
    const ids = entries.map(({ memberId }) => memberId);
    const bindings = await sweeps.ofResources(group.targetId, ids);
    const byName = new Map(bindings.map((binding) => [binding.name, binding]));
    return names.flatMap((name) => {
      const member = byName.get(name);
      if (member?.isUnderWay) return [];
      return [{ name, memberId: member?.resourceId }];
    });
  }
}

class Tally {
  count = 0;
  readonly shown: string[] = [];

  add(name: string): void {
    this.count += 1;
    if (this.shown.length < MOST_SHOWN) this.shown.push(name);
  }
}
