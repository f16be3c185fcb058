/** A user's record and a group's, as they stand in files. */
import { z } from 'zod';
import type { Attributes, Entry } from '../../spi';
import {
  EXTERNAL_ID,
  mappingName,
  MATCH_VALUE,
  MEMBER_OF,
  NAME_ID,
  NAMING,
  NOT_ON_OR_AFTER,
  pairwiseAttribute,
  ROLE,
  samlName,
} from '../names';
import type { SamlSettings } from '../settings';
import type { SamlSchema, User } from '../tables';

const text = z.string().min(1);

export const userRecord = z.object({
  id: text,
  userName: text,
  externalId: text.nullable(),
  idp: z.object({ entityId: text }),
  spNameQualifier: text.nullable(),
  sp: z.array(z.object({ entityId: text, nameId: text })),
  match: z.discriminatedUnion('by', [
    z.object({ by: z.literal('nameId') }),
    z.object({ by: z.literal('attribute'), attribute: text, value: text }),
  ]),
  nameId: text,
  nameIdFormat: text,
  active: z.boolean(),
  notOnOrAfter: text.nullable(),
  role: text.nullable(),
  groups: z.array(text),
  attributes: z.array(
    z.object({
      name: text,
      friendlyName: text.nullable(),
      nameFormat: text,
      values: z.array(z.string()),
    }),
  ),
  version: z.int(),
  owner: text.nullable(),
});

export const groupRecord = z.object({
  id: text,
  name: text,
  idp: z.object({ entityId: text }),
  version: z.int(),
  owner: text.nullable(),
});

export type UserRecord = z.infer<typeof userRecord>;
export type GroupRecord = z.infer<typeof groupRecord>;

type AttributeRow = SamlSchema['saml_attribute'];
type NameIdRow = SamlSchema['saml_name_id'];

const GROUPS = samlName(MEMBER_OF).name;

/** The record of a user's rows. */
export function userToRecord(
  user: User,
  attributes: readonly AttributeRow[],
  nameIds: readonly NameIdRow[],
): UserRecord {
  const byName = new Map<string, UserRecord['attributes'][number]>();
  for (const { name, friendly_name: friendlyName, name_format: nameFormat, value } of attributes) {
    if (name === GROUPS) continue;
    const one = byName.get(name) ?? { name, friendlyName, nameFormat, values: [] };
    byName.set(name, { ...one, values: [...one.values, value] });
  }
  return {
    id: user.id,
    userName: user.username,
    externalId: user.external_id,
    idp: { entityId: user.idp_entity_id },
    spNameQualifier: user.sp_entity_id,
    sp: nameIds.map((row) => ({ entityId: row.sp_entity_id, nameId: row.name_id })),
    match:
      user.match_attribute === null || user.match_value === null
        ? { by: 'nameId' }
        : { by: 'attribute', attribute: user.match_attribute, value: user.match_value },
    nameId: user.name_id,
    nameIdFormat: user.name_id_format,
    active: user.active !== 0,
    notOnOrAfter: user.not_on_or_after,
    role: user.role,
    groups: attributes.filter(({ name }) => name === GROUPS).map(({ value }) => value),
    attributes: [...byName.values()],
    version: user.version,
    owner: user.owner,
  };
}

/** The record of a group's row. */
export function groupToRecord(group: SamlSchema['saml_group']): GroupRecord {
  const { id, name, idp_entity_id: entityId, version, owner } = group;
  return { id, name, idp: { entityId }, version, owner };
}

/** The rows of a record. */
export function recordToRows(record: UserRecord): {
  user: User;
  attributes: AttributeRow[];
  nameIds: NameIdRow[];
} {
  const { id, match, idp } = record;
  const isAttribute = match.by === 'attribute';
  const member = samlName(MEMBER_OF);
  const groups = {
    name: member.name,
    friendlyName: member.friendlyName,
    nameFormat: member.nameFormat,
    values: record.groups,
  };
  return {
    user: {
      id,
      username: record.userName,
      idp_entity_id: idp.entityId,
      sp_entity_id: record.spNameQualifier,
      name_id: record.nameId,
      name_id_format: record.nameIdFormat,
      active: record.active ? 1 : 0,
      not_on_or_after: record.notOnOrAfter,
      owner: record.owner,
      version: record.version,
      external_id: record.externalId,
      role: record.role,
      match_attribute: isAttribute ? match.attribute : null,
      match_value: isAttribute ? match.value : null,
    },
    attributes: [...record.attributes, groups].flatMap((one) =>
      [...new Set(one.values)].map((value) => ({
        user_id: id,
        name: one.name,
        value,
        friendly_name: one.friendlyName,
        name_format: one.nameFormat,
      })),
    ),
    nameIds: record.sp.map((pair) => ({
      user_id: id,
      sp_entity_id: pair.entityId,
      idp_entity_id: idp.entityId,
      name_id: pair.nameId,
    })),
  };
}

/** What a user's file says, as an entry. */
export function userToEntry(record: UserRecord, settings: SamlSettings): Entry {
  const { matchAttribute, serviceProviders } = settings;
  const { match } = record;
  const isMatch =
    match.by === 'attribute' &&
    matchAttribute !== undefined &&
    match.attribute === samlName(matchAttribute).name;
  const pairwise = record.sp.filter(({ entityId }) => serviceProviders.includes(entityId));
  const single = {
    [NAMING.user]: record.userName,
    [NAME_ID]: record.nameId,
    [MATCH_VALUE]: isMatch ? match.value : null,
    [ROLE]: record.role,
    [EXTERNAL_ID]: record.externalId,
    [NOT_ON_OR_AFTER]: record.notOnOrAfter,
    ...Object.fromEntries(
      pairwise.map(({ entityId, nameId }) => [pairwiseAttribute(entityId), nameId]),
    ),
  };
  const values = new Map<string, readonly string[]>(
    record.attributes.map((one) => [mappingName(one.name), one.values]),
  );
  if (record.groups.length > 0) values.set(MEMBER_OF, record.groups);
  for (const [name, value] of Object.entries(single)) {
    if (typeof value === 'string') values.set(name, [value]);
  }
  const attributes: Attributes = Object.fromEntries(values);
  return {
    reference: record.id,
    name: record.userName,
    active: record.active,
    attributes,
    ...(record.owner === null ? {} : { owner: record.owner }),
  };
}
