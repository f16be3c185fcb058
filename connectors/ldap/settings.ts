/** What an administrator says about an LDAP directory. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { SettingsError, type SettingsIssue } from '../spi';
import { isAttributeDescription, isDn } from './dn';
import { messageOf } from './failures';
import { LAYOUT_SETTINGS, layoutIssues } from './layout-settings';
import { settledProfile } from './vendor';
import { ACTIVATION_NAMES, type Layout, VENDORS } from './vendor/profile';

const dn = z.string().refine(isDn, 'is not a distinguished name (RFC 4514)');
const attribute = z.string().refine(isAttributeDescription, 'is not an attribute name (RFC 4512)');
const classes = z.array(attribute).min(1);

/** A user principal name, or a name with its domain before it: for vendors that sign in by name. */
const ACCOUNT_NAME = /^(?:[^@\\]+@[^@\\]+|[^@\\]+\\[^@\\]+)$/;

function isBindName(text: string): boolean {
  return isDn(text) || ACCOUNT_NAME.test(text);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

const serverUrl = z.string().superRefine((url, context) => {
  try {
    serverAddress({ url, startTls: false });
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
  }
});

const settingsModel = z.strictObject({
  url: serverUrl.describe('ldaps://host:636 or ldap://host:389. With ldap://, switch startTls on.'),
  failoverUrls: z
    .array(serverUrl)
    .max(15)
    .default([])
    .describe(
      'Further servers of the same directory, tried in this order when the first does not answer. All other settings hold for them as well.',
    ),
  switchBackMs: z
    .int()
    .min(1_000)
    .max(86_400_000)
    .default(60_000)
    .describe('How long to use another server before the first is tried again, in milliseconds.'),
  replicationDelayMs: z
    .int()
    .min(0)
    .max(600_000)
    .default(5_000)
    .describe(
      'How long changes take from one server to the next, in milliseconds. So long after the last write to one server no other is used.',
    ),
  startTls: z.boolean().default(false).describe('Encrypt an ldap:// connection before signing in.'),
  caCertificate: z
    .string()
    .refine(isCertificate, 'is not a certificate in PEM')
    .optional()
    .describe(
      'PEM of the authority that signed the server certificate, when the system does not know it.',
    ),
  serverName: z
    .string()
    .min(1)
    .optional()
    .describe('Name in the server certificate, when it is not the host in the URL.'),
  allowPlaintext: z
    .boolean()
    .default(false)
    .describe('Send the bind password over an unencrypted connection to another machine.'),
  vendor: z
    .enum(['auto', ...VENDORS])
    .default('auto')
    .describe(
      'Whose directory it is. auto: the server is asked, and entries are known by entryUUID. Active Directory must be named: its entries look different.',
    ),
  bindDN: z
    .string()
    .refine(isBindName, 'is not a distinguished name (RFC 4514)')
    .describe(
      'The account Usher signs in with: a DN; for Active Directory also name@domain or DOMAIN\\name.',
    ),
  userBaseDN: dn.describe('Users are made here and looked for here and below.'),
  groupBaseDN: dn.describe('Groups are made here and looked for here and below.'),
  userObjectClasses: classes
    .optional()
    .describe(
      'Object classes of a new user, the last one tells users from other entries. Without it, what the vendor suggests: inetOrgPerson, in Active Directory user.',
    ),
  userRdnAttribute: attribute
    .optional()
    .describe('The attribute that names a user. Without it, uid, in Active Directory cn.'),
  groupObjectClasses: classes
    .optional()
    .describe(
      'Object classes of a new group, the last one tells groups from other entries. Without it, what the vendor suggests: groupOfNames, in Active Directory group.',
    ),
  groupRdnAttribute: attribute
    .optional()
    .describe('The attribute that names a group. Without it, cn.'),
  memberAttribute: attribute
    .default('member')
    .describe(
      'The group attribute that holds the members: their DNs, in memberUid (RFC 2307) their uid.',
    ),
  emptyGroupMember: dn
    .optional()
    .describe(
      'The DN that fills the member attribute of a group without members, where its class demands one. Without it, the DN of the group itself.',
    ),
  activation: z
    .enum(['auto', ...ACTIVATION_NAMES, 'attribute', 'container', 'none'])
    .default('auto')
    .describe(
      'How an account is disabled. auto: as the vendor does it; by pwdAccountLockedTime where there is a password policy, by nsAccountLock in 389 Directory Server, by userAccountControl in Active Directory. attribute: by activationAttribute. container: disabled accounts are moved to disabledContainerDN.',
    ),
  ...LAYOUT_SETTINGS,
  ownerAttribute: attribute
    .optional()
    .describe(
      'Where to keep the mark that Usher made the entry: an attribute that users and groups may have, such as businessCategory.',
    ),
  followRenames: z
    .boolean()
    .optional()
    .describe(
      'After a rename, put the new DN into groups that hold the old one. Costs a search; a directory with referential integrity does not need it. Without it, true, in Active Directory false.',
    ),
  connections: z.int().min(1).max(32).default(4).describe('The most connections to hold open.'),
  window: z.int().min(1).max(64).default(4).describe('The most operations under way on each.'),
  connectTimeoutMs: z
    .int()
    .min(100)
    .max(60_000)
    .default(5_000)
    .describe('How long a connection may take to open, in milliseconds.'),
  operationTimeoutMs: z
    .int()
    .min(100)
    .max(300_000)
    .default(10_000)
    .describe('How long one operation may take, in milliseconds.'),
  pageSize: z.int().min(1).max(10_000).default(500).describe('Entries in a page of a listing.'),
  membersPerChange: z
    .int()
    .min(1)
    .max(5_000)
    .default(500)
    .describe('The most members added or removed by one operation.'),
});

const secretsModel = z.strictObject({
  // RFC 4513 section 5.1.2: an empty password is an unauthenticated bind, and that succeeds.
  bindPassword: z.string().min(1, 'must not be empty').describe('The password of the bind DN.'),
});

type GivenSettings = z.infer<typeof settingsModel>;

/** Settings with every default filled in, the vendor's as well. */
export type LdapSettings = Readonly<Omit<GivenSettings, keyof Layout>> & Layout;

/** What signs in. */
export type LdapSecrets = Readonly<z.infer<typeof secretsModel>>;

export const settingsSchema: object = z.toJSONSchema(settingsModel, { io: 'input' });
export const secretsSchema: object = z.toJSONSchema(secretsModel, { io: 'input' });

/** All servers, the preferred one first. */
export function serverUrls(
  settings: Pick<LdapSettings, 'url' | 'failoverUrls'>,
): readonly string[] {
  return [settings.url, ...settings.failoverUrls];
}

/** Where the server is, taken from the URL. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly encryption: 'implicit' | 'startTls' | 'none';
}

/** Takes the URL apart; throws for what is no LDAP URL of a server alone. */
export function serverAddress(settings: Pick<LdapSettings, 'url' | 'startTls'>): ServerAddress {
  const url = new URL(settings.url);
  if (url.protocol !== 'ldap:' && url.protocol !== 'ldaps:') {
    throw new Error('must begin with ldap:// or ldaps://');
  }
  if (!url.hostname) throw new Error('names no host');
  if (!/^\/?$/.test(url.pathname) || url.search || url.hash || url.username || url.password) {
    throw new Error('must hold nothing but the host and the port');
  }
  const implicit = url.protocol === 'ldaps:';
  const clear = settings.startTls ? 'startTls' : 'none';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (implicit ? 636 : 389) : Number(url.port),
    encryption: implicit ? 'implicit' : clear,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** What is wrong with the encryption on the way to one server. `path` leads to its URL. */
function transportIssues(
  settings: GivenSettings,
  url: string,
  path: readonly string[],
): SettingsIssue[] {
  const address = serverAddress({ ...settings, url });
  if (settings.startTls && address.encryption === 'implicit') {
    const message = 'is for ldap:// only: ldaps:// is encrypted from the start';
    return [{ path: ['settings', 'startTls'], message }];
  }
  if (address.encryption === 'none' && !isLoopback(address.host) && !settings.allowPlaintext) {
    const advice = 'use ldaps:// or startTls, or set allowPlaintext';
    return [{ path, message: `would send the bind password in clear text: ${advice}` }];
  }
  return [];
}

/** What is wrong with the servers, each with itself and all with each other. */
function serverIssues(settings: GivenSettings): SettingsIssue[] {
  const urls = serverUrls(settings);
  const pathOf = (index: number): readonly string[] =>
    index === 0 ? ['settings', 'url'] : ['settings', 'failoverUrls', String(index - 1)];
  const places = urls.map((url) => {
    const { host, port } = serverAddress({ ...settings, url });
    return `${host.toLowerCase()} ${port}`;
  });
  const issues = urls.flatMap((url, index) => [
    ...transportIssues(settings, url, pathOf(index)),
    ...(places.indexOf(places[index] ?? '') < index
      ? [{ path: pathOf(index), message: 'names a server that is there already' }]
      : []),
  ]);
  return issues.filter(
    (issue, index) => issues.findIndex((one) => one.path.join() === issue.path.join()) === index,
  );
}

function issuesOf(root: 'settings' | 'secrets', error: z.ZodError | undefined): SettingsIssue[] {
  return (error?.issues ?? []).flatMap((issue) => {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    return names.map((name) => ({
      path: [root, ...[...issue.path, ...(name === undefined ? [] : [name])].map(String)],
      message: name === undefined ? issue.message : 'is not a setting of this connector',
    }));
  });
}

function vendorIssues(settings: GivenSettings): SettingsIssue[] {
  const { bindsByName, needsEncryption, title } = settledProfile(settings.vendor);
  const issues: SettingsIssue[] = [];
  if (!isDn(settings.bindDN) && !bindsByName) {
    const message = 'is not a distinguished name (RFC 4514)';
    issues.push({ path: ['settings', 'bindDN'], message });
  }
  const clear = serverUrls(settings).some(
    (url) => serverAddress({ ...settings, url }).encryption === 'none',
  );
  if (needsEncryption && clear) {
    const message = `${title} signs nobody in without encryption: use ldaps:// or startTls`;
    issues.push({ path: ['settings', 'url'], message });
  }
  return issues;
}

/** Fills in what the settings leave to the vendor. */
function completed(settings: GivenSettings): LdapSettings {
  const { layout } = settledProfile(settings.vendor);
  return {
    ...settings,
    userObjectClasses: settings.userObjectClasses ?? layout.userObjectClasses,
    userRdnAttribute: settings.userRdnAttribute ?? layout.userRdnAttribute,
    groupObjectClasses: settings.groupObjectClasses ?? layout.groupObjectClasses,
    groupRdnAttribute: settings.groupRdnAttribute ?? layout.groupRdnAttribute,
    followRenames: settings.followRenames ?? layout.followRenames,
  };
}

/** Says of a field that is missing only that; zod would tell of types. */
const saying: z.core.$ZodErrorMap = ({ code, input }) =>
  code === 'invalid_type' && input === undefined ? 'is required' : undefined;

/** Checks and completes both; throws a `SettingsError` with every issue. */
export function parseSettings(
  settings: unknown,
  secrets: unknown,
): { settings: LdapSettings; secrets: LdapSecrets } {
  const checked = settingsModel.safeParse(settings, { error: saying });
  const secret = secretsModel.safeParse(secrets, { error: saying });
  const issues = [
    ...issuesOf('settings', checked.error),
    ...(checked.success ? serverIssues(checked.data) : []),
    ...(checked.success ? vendorIssues(checked.data) : []),
    ...(checked.success ? layoutIssues(completed(checked.data)) : []),
    ...issuesOf('secrets', secret.error),
  ];
  if (!checked.success || !secret.success || issues.length > 0) throw new SettingsError(issues);
  return { settings: completed(checked.data), secrets: secret.data };
}
