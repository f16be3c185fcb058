/** SAML attributes: what a mapping calls them, and the names they have in an assertion. */
import { ConnectorError, type EntryKind } from '../spi';
import type { SamlSettings } from './settings';

/** Names the entry of each kind. */
export const NAMING: Readonly<Record<EntryKind, string>> = { user: 'username', group: 'name' };

/** What a mapping may fill beside attributes: facts about the user itself. */
export const NAME_ID = 'nameId';
export const MATCH_VALUE = 'matchValue';
export const ROLE = 'role';
export const EXTERNAL_ID = 'externalId';
export const NOT_ON_OR_AFTER = 'notOnOrAfter';

/** `nameId:` and the entity ID of a service provider: what the user is called there. */
const PAIRWISE = `${NAME_ID}:`;

/** The attribute a mapping fills with the NameID for that service provider. */
export function pairwiseAttribute(serviceProvider: string): string {
  return `${PAIRWISE}${serviceProvider}`;
}

/** The service provider an attribute holds the NameID for. */
export function serviceProviderOf(attribute: string): string | undefined {
  return attribute.startsWith(PAIRWISE) ? attribute.slice(PAIRWISE.length) : undefined;
}

/** Where groups stand among a user's attributes. */
export const MEMBER_OF = 'isMemberOf';

const URI = 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri';
const BASIC = 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic';

/** Friendly names of the X.500/LDAP attribute profile and of eduPerson, with their OIDs. */
const OIDS: Readonly<Record<string, string>> = {
  uid: '0.9.2342.19200300.100.1.1',
  mail: '0.9.2342.19200300.100.1.3',
  manager: '0.9.2342.19200300.100.1.10',
  mobile: '0.9.2342.19200300.100.1.41',
  cn: '2.5.4.3',
  sn: '2.5.4.4',
  c: '2.5.4.6',
  l: '2.5.4.7',
  st: '2.5.4.8',
  street: '2.5.4.9',
  o: '2.5.4.10',
  ou: '2.5.4.11',
  title: '2.5.4.12',
  postalCode: '2.5.4.17',
  telephoneNumber: '2.5.4.20',
  givenName: '2.5.4.42',
  departmentNumber: '2.16.840.1.113730.3.1.2',
  employeeNumber: '2.16.840.1.113730.3.1.3',
  employeeType: '2.16.840.1.113730.3.1.4',
  preferredLanguage: '2.16.840.1.113730.3.1.39',
  displayName: '2.16.840.1.113730.3.1.241',
  eduPersonAffiliation: '1.3.6.1.4.1.5923.1.1.1.1',
  eduPersonPrincipalName: '1.3.6.1.4.1.5923.1.1.1.6',
  eduPersonEntitlement: '1.3.6.1.4.1.5923.1.1.1.7',
  eduPersonScopedAffiliation: '1.3.6.1.4.1.5923.1.1.1.9',
  eduPersonTargetedID: '1.3.6.1.4.1.5923.1.1.1.10',
  [MEMBER_OF]: '1.3.6.1.4.1.5923.1.5.1.1',
};

const FRIENDLY = new Map(
  Object.entries(OIDS).map(([friendly, oid]) => [`urn:oid:${oid}`, friendly]),
);

/** How an attribute stands in an assertion. */
export interface SamlName {
  readonly name: string;
  readonly friendlyName: string | null;
  readonly nameFormat: string;
}

/** The friendly names the connector knows the OID of. */
export const KNOWN_NAMES: readonly string[] = Object.keys(OIDS);

/** The name in an assertion: the OID of a known friendly name, a URI as it is, any other word as a basic name. */
export function samlName(attribute: string): SamlName {
  const oid = Object.hasOwn(OIDS, attribute) ? OIDS[attribute] : undefined;
  if (oid !== undefined)
    return { name: `urn:oid:${oid}`, friendlyName: attribute, nameFormat: URI };
  if (attribute.includes(':')) return { name: attribute, friendlyName: null, nameFormat: URI };
  return { name: attribute, friendlyName: attribute, nameFormat: BASIC };
}

/** What a mapping calls a stored attribute. */
export function mappingName(name: string): string {
  return FRIENDLY.get(name) ?? name;
}

function refuse(attribute: string, message: string): never {
  throw new ConnectorError('invalid', `${attribute} ${message}`, { attribute });
}

/** Refuses attributes a mapping must not write. */
export function checkAttribute(kind: EntryKind, attribute: string): void {
  if (kind === 'group') refuse(attribute, 'is not known: a group has only its name');
  if (attribute === MEMBER_OF) refuse(attribute, 'is kept by the groups and cannot be mapped');
  const friendly = FRIENDLY.get(attribute);
  if (friendly !== undefined) refuse(attribute, `is called ${friendly} in a mapping`);
  if (serviceProviderOf(attribute) !== undefined) {
    refuse(
      attribute,
      'is for a service provider that is not among the serviceProviders of the settings',
    );
  }
  if (!/^[\x21-\x7e]{1,256}$/.test(attribute) || attribute in {})
    refuse(attribute, 'is not the name of a SAML attribute');
}

/** What names or places somebody, and how long it may be: a NameID as SAML core 8.3.7 has it. */
const NAME_BYTES = new Map([
  [NAMING.user, 256],
  [NAMING.group, 1024],
  [NAME_ID, 256],
  [MATCH_VALUE, 256],
  [ROLE, 256],
  [EXTERNAL_ID, 256],
]);
const MAX_VALUE_BYTES = 2048;

/** What XML 1.0 cannot carry at all, and what has no place in a name. */
// eslint-disable-next-line no-control-regex -- these are the very characters to refuse
const UNCARRIABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;
// eslint-disable-next-line no-control-regex -- these are the very characters to refuse
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function nameBytes(attribute: string): number | undefined {
  const isPairwise = serviceProviderOf(attribute) !== undefined;
  return NAME_BYTES.get(isPairwise ? NAME_ID : attribute);
}

/** The longest value of an attribute, in bytes. */
export function maxBytes(attribute: string): number {
  return nameBytes(attribute) ?? MAX_VALUE_BYTES;
}

function isInstant(value: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) && !Number.isNaN(Date.parse(value));
}

/** Refuses values that an assertion cannot carry or the database cannot index. */
export function checkValue(
  attribute: string,
  value: string,
  settings?: Pick<SamlSettings, 'nameIdFormat'>,
): void {
  if (UNCARRIABLE.test(value)) refuse(attribute, 'has a character that XML cannot carry');
  const isName = nameBytes(attribute) !== undefined;
  if (isName && value === '') refuse(attribute, 'is empty');
  if (isName && CONTROL.test(value)) refuse(attribute, 'has a control character');
  if (Buffer.byteLength(value) > maxBytes(attribute)) {
    refuse(attribute, `is longer than ${maxBytes(attribute)} bytes`);
  }
  if (
    attribute === NAME_ID &&
    settings?.nameIdFormat === 'emailAddress' &&
    !/^[^\s@]+@[^\s@]+$/.test(value)
  ) {
    refuse(attribute, 'is no e-mail address, which its format emailAddress asks for');
  }
  if (attribute === NOT_ON_OR_AFTER && !isInstant(value)) {
    refuse(attribute, 'must look like 2027-01-31T00:00:00Z, for it is compared as text');
  }
}
