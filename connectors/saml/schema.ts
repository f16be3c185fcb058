/** What can be mapped: any SAML attribute; these are the ones the connector knows the OID of. */
import type { TargetAttribute, TargetSchema } from '../spi';
import {
  EXTERNAL_ID,
  KNOWN_NAMES,
  MATCH_VALUE,
  maxBytes,
  MEMBER_OF,
  NAME_ID,
  NAMING,
  NOT_ON_OR_AFTER,
  pairwiseAttribute,
  ROLE,
} from './names';
import type { SamlSettings } from './settings';

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

/** The schema of a target with these settings. */
export function targetSchema({ matchAttribute, serviceProviders }: SamlSettings): TargetSchema {
  return {
    user: [
      attribute(NAMING.user, { required: true }),
      attribute(NAME_ID),
      ...serviceProviders.map((one) => attribute(pairwiseAttribute(one))),
      ...(matchAttribute === undefined ? [] : [attribute(MATCH_VALUE, { required: true })]),
      ...[ROLE, EXTERNAL_ID, NOT_ON_OR_AFTER].map((name) => attribute(name)),
      ...KNOWN_NAMES.map((name) =>
        attribute(name, { multiValued: !SINGLE.includes(name), readOnly: name === MEMBER_OF }),
      ),
    ],
    group: [attribute(NAMING.group, { required: true })],
    open: true,
  };
}
