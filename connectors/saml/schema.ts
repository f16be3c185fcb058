/** What can be mapped: any SAML attribute; these are the ones the connector knows the OID of. */
import type { TargetAttribute, TargetSchema } from '../spi';
import { KNOWN_NAMES, maxBytes, MEMBER_OF, NAME_ID, NAMING, NOT_ON_OR_AFTER } from './names';

const SINGLE: readonly string[] = [
  'displayName',
  'preferredLanguage',
  'employeeNumber',
  'eduPersonPrincipalName',
];

function attribute(name: string, more: Partial<TargetAttribute> = {}): TargetAttribute {
  const usual = { multiValued: false, required: false, readOnly: false, maxLength: maxBytes(name) };
  return { name, ...usual, ...more };
}

/** The schema of every SAML target. */
export const SAML_TARGET_SCHEMA: TargetSchema = {
  user: [
    attribute(NAMING.user, { required: true }),
    attribute(NAME_ID),
    attribute(NOT_ON_OR_AFTER),
    ...KNOWN_NAMES.map((name) =>
      attribute(name, { multiValued: !SINGLE.includes(name), readOnly: name === MEMBER_OF }),
    ),
  ],
  group: [attribute(NAMING.group, { required: true })],
};
