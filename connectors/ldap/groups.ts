/** Members of groups: the cost of a change follows the change, not the group. */
import { type Change } from 'ldapts';
import { type EntryRef, type MemberDelta, type Written } from '../spi';
import { PermissiveModifyControl } from './controls';
import { sameDn } from './dn';
import { change, demandsMember, fillerMember } from './entry';
import { equals, type Exchange } from './exchange';
import { hasCode, messageOf, RESULT } from './failures';
import { type MemberNames, memberNames } from './member-names';
import { primaryMembers } from './primary-group';
import { withoutRanges } from './ranges';
import { attributeValues, rangeOf, rawValues } from './values';
import { type VendorProfile } from './vendor/profile';

/** Up to so many values are asked about one by one; beyond, reading the membership is cheaper. */
const ASK_ONE_BY_ONE = 8;

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** Like `Promise.all` over a map, without a promise for each of a hundred thousand. */
async function inChunks<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const chunk of chunks(items, 500)) results.push(...(await Promise.all(chunk.map(each))));
  return results;
}

/** A group under change: where it is, and the values that are to come or to go. */
class Membership {
  constructor(
    private readonly exchange: Exchange,
    private readonly profile: VendorProfile,
    private readonly group: EntryRef,
  ) {}

  private get names(): MemberNames {
    return memberNames(this.exchange.settings);
  }

  private get attribute(): string {
    return this.exchange.settings.memberAttribute;
  }

  private get filler(): string {
    return fillerMember(this.group.name, this.exchange.settings);
  }

  async add(members: readonly string[]): Promise<void> {
    const filler = this.filler;
    const isMember = members.some((dn) => sameDn(dn, filler));
    let goes: readonly string[] = [];
    if (
      demandsMember(this.exchange.settings) &&
      !isMember &&
      (await this.exchange.holds(this.group.name, this.attribute, filler))
    ) {
      goes = [filler];
    }
    for (const chunk of chunks(members, this.exchange.settings.membersPerChange)) {
      await this.apply(chunk, goes);
      goes = [];
    }
  }

  async remove(members: readonly string[]): Promise<void> {
    for (const chunk of chunks(members, this.exchange.settings.membersPerChange)) {
      try {
        await this.apply([], chunk);
      } catch (error) {
        // RFC 4519 section 3.5: a groupOfNames has a member at all times.
        if (!hasCode(error, RESULT.objectClassViolation)) throw error;
        await this.apply([this.filler], chunk);
      }
    }
  }

  /**
   * One member under a new name. Who has left meanwhile stays out, also where the directory's own referential integrity was
   * quicker: so the server is told to refuse all of it when the old name is not there.
   */
  async replaceOne(from: string, to: string): Promise<void> {
    const { exists, missing } = this.profile.membership;
    const leave = change('delete', this.attribute, [from]);
    try {
      await this.exchange.modify(this.group, [leave, change('add', this.attribute, [to])], []);
    } catch (error) {
      if (hasCode(error, ...missing)) return;
      if (!hasCode(error, ...exists)) throw error;
      await this.remove([from]);
    }
  }

  private async apply(add: readonly string[], remove: readonly string[]): Promise<void> {
    try {
      await this.modify(add, remove);
    } catch (error) {
      const { exists, missing } = this.profile.membership;
      if (!hasCode(error, ...exists, ...missing)) throw error;
      const present = await this.present([...add, ...remove]);
      const absent = add.filter((value) => !present.has(this.names.fold(value)));
      const implied =
        this.profile.primaryGroups && this.names.byDn
          ? await primaryMembers(this.exchange, this.group.name, absent)
          : new Set<string>();
      await this.modify(
        absent.filter((value) => !implied.has(this.names.fold(value))),
        remove.filter((value) => present.has(this.names.fold(value))),
      );
    }
  }

  private async modify(add: readonly string[], remove: readonly string[]): Promise<void> {
    const changes: Change[] = [
      ...(add.length > 0 ? [change('add', this.attribute, add)] : []),
      ...(remove.length > 0 ? [change('delete', this.attribute, remove)] : []),
    ];
    if (changes.length === 0) return;
    await this.exchange.modify(this.group, changes, [new PermissiveModifyControl()]);
  }

  /** Which of the DNs are members now, in normalised spelling. */
  private async present(dns: readonly string[]): Promise<ReadonlySet<string>> {
    if (dns.length <= ASK_ONE_BY_ONE) {
      const held = await Promise.all(
        dns.map((dn) => this.exchange.holds(this.group.name, this.attribute, dn)),
      );
      return new Set(dns.filter((_, index) => held[index]).map((one) => this.names.fold(one)));
    }
    const { valuesPerRange } = this.profile;
    const wanted =
      valuesPerRange === undefined ? this.attribute : rangeOf(this.attribute, 0, valuesPerRange);
    const raw = await this.exchange.readDn(this.group.name, [wanted]);
    const entry = raw && (await withoutRanges(this.exchange, raw));
    return new Set(
      attributeValues(rawValues(entry, this.attribute)).map((one) => this.names.fold(one)),
    );
  }
}

/** Adds and removes members. Those to add must exist; those to remove are also known by the last DN they had. */
export async function changeMembers(
  exchange: Exchange,
  group: EntryRef,
  delta: MemberDelta,
): Promise<Written> {
  const located = { reference: group.reference, name: await exchange.locate(group) };
  const membership = new Membership(exchange, await exchange.profile(), located);
  const names = memberNames(exchange.settings);
  const unique = (values: readonly string[]): string[] => [
    ...new Map(values.map((value) => [names.fold(value), value])).values(),
  ];
  const found = await inChunks(delta.add, async (ref) => {
    const entry = await exchange.find(ref, names.attributes);
    return entry && names.of(entry);
  });
  const add = unique(found.flatMap((value) => value ?? []));
  const missing = delta.add.filter((_, index) => found[index] === undefined);

  const staying = new Set(add.map((value) => names.fold(value)));
  const leaving = await inChunks(delta.remove, async (ref) => {
    const entry = await exchange.find(ref, names.attributes);
    // Without referential integrity a group may still hold the name from before a rename or a removal.
    return [entry && names.of(entry), names.ofDn(ref.name)].flatMap((value) => value ?? []);
  });
  const former = (delta.formerNames ?? []).flatMap((dn) => names.ofDn(dn) ?? []);
  const remove = unique([...leaving.flat(), ...former]).filter(
    (value) => !staying.has(names.fold(value)),
  );

  if (add.length > 0) await membership.add(add);
  if (remove.length > 0) await membership.remove(remove);
  const warnings = missing.map(
    (ref) => `${ref.name} is not a member of ${located.name}: there is no such entry.`,
  );
  return { ...located, ...(warnings.length > 0 ? { warnings } : {}) };
}

/** Puts the new DN of a renamed entry into the groups that still hold the old one; answers what did not work. */
export async function followRename(
  exchange: Exchange,
  from: string,
  to: string,
): Promise<readonly string[]> {
  const { settings, scheme } = exchange;
  const names = memberNames(settings);
  const [old, now] = [names.ofDn(from), names.ofDn(to)];
  if (old === undefined || now === undefined) return [];
  // Groups that go by user names need not hear of a move.
  if (names.fold(old) === names.fold(now)) return [];
  const filter = equals(settings.memberAttribute, old);
  const groups = await exchange.search(settings.groupBaseDN, 'sub', filter, [scheme.attribute]);
  const outcomes = await Promise.all(
    groups.map(async (raw) => {
      const group = { reference: scheme.of(raw), name: raw.dn };
      const membership = new Membership(exchange, await exchange.profile(), group);
      try {
        await membership.replaceOne(old, now);
        return [];
      } catch (error) {
        return [`${raw.dn} still holds the old name ${from}: ${messageOf(error)}`];
      }
    }),
  );
  return outcomes.flat();
}
