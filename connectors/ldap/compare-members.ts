/** Who is in a group, and who should be. The group's own values are held once, and the expected only by the page. */
import { ConnectorError, type EntryRef, type MemberDifference } from '../spi';
import { fillerMember } from './entry';
import { type Exchange } from './exchange';
import { memberNames } from './member-names';
import { withoutRanges } from './ranges';
import { attributeValues, rangeOf, rawValues } from './values';

export async function* compareMembers(
  exchange: Exchange,
  group: EntryRef,
  expected: AsyncIterable<readonly EntryRef[]>,
): AsyncGenerator<MemberDifference> {
  const names = memberNames(exchange.settings);
  const held = await exchange.guard('read the members', () => membersOf(exchange, group));
  for await (const page of expected) {
    for (const member of page) {
      const value = names.ofDn(member.name);
      // What this group cannot hold is not missing in it.
      if (value !== undefined && !held.delete(names.fold(value))) yield { missing: member };
    }
  }
  for (const extra of held.values()) yield { extra };
}

/** The values as they stand there, by one spelling of each. */
async function membersOf(exchange: Exchange, group: EntryRef): Promise<Map<string, string>> {
  const { settings } = exchange;
  const names = memberNames(settings);
  const attribute = settings.memberAttribute;
  const { valuesPerRange } = await exchange.profile();
  const wanted = valuesPerRange === undefined ? attribute : rangeOf(attribute, 0, valuesPerRange);
  const raw = await exchange.find(group, [wanted]);
  if (!raw) throw new ConnectorError('notFound', 'The group is gone.');
  const values = attributeValues(rawValues(await withoutRanges(exchange, raw), attribute));
  const held = new Map(values.map((value) => [names.fold(value), value]));
  if (names.byDn) held.delete(names.fold(fillerMember(raw.dn, settings)));
  held.delete('');
  return held;
}
