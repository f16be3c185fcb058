/** The settings that say where entries stand, what else they carry and how groups know their members. */
import { z } from 'zod';
import { type SettingsIssue } from '../spi';
import { isAttributeDescription, isDn, isWithin, sameDn } from './dn';

const dn = z.string().refine(isDn, 'is not a distinguished name (RFC 4514)');
const attribute = z.string().refine(isAttributeDescription, 'is not an attribute name (RFC 4512)');
const extraAttributes = z.record(attribute, z.array(z.string().min(1)).min(1)).default({});

/** To be spread into the model of all settings. */
export const LAYOUT_SETTINGS = {
  containerAttribute: attribute
    .default('ou')
    .describe(
      'What names the containers below the base that the mapping chooses by giving @container a value.',
    ),
  createContainers: z
    .boolean()
    .default(false)
    .describe('Make a container that is missing, as an organizationalUnit.'),
  userExtraAttributes: extraAttributes.describe(
    'Attributes that every new user gets beside those of the mapping, with their values.',
  ),
  groupExtraAttributes: extraAttributes.describe(
    'Attributes that every new group gets beside those of the mapping, with their values.',
  ),
  activationAttribute: attribute
    .optional()
    .describe(
      'For activation "attribute": the attribute that says whether an account is disabled.',
    ),
  disabledValue: z
    .string()
    .min(1)
    .optional()
    .describe('For activation "attribute": the value of a disabled account.'),
  enabledValue: z
    .string()
    .min(1)
    .optional()
    .describe(
      'For activation "attribute": the value of an enabled account. Without it the attribute is removed.',
    ),
  disabledContainerDN: dn
    .optional()
    .describe(
      'For activation "container": where disabled accounts are moved to, somewhere below userBaseDN. Enabled, they are moved back.',
    ),
};

/** What these rules look at. */
interface Given {
  readonly activation: string;
  readonly activationAttribute?: string | undefined;
  readonly disabledValue?: string | undefined;
  readonly enabledValue?: string | undefined;
  readonly disabledContainerDN?: string | undefined;
  readonly userBaseDN: string;
  readonly groupBaseDN: string;
  readonly memberAttribute: string;
  readonly emptyGroupMember?: string | undefined;
  readonly ownerAttribute?: string | undefined;
  readonly userRdnAttribute?: string | undefined;
  readonly groupRdnAttribute?: string | undefined;
  readonly groupObjectClasses?: readonly string[] | undefined;
  readonly userExtraAttributes: Readonly<Record<string, readonly string[]>>;
  readonly groupExtraAttributes: Readonly<Record<string, readonly string[]>>;
}

function issue(field: string, message: string): SettingsIssue {
  return { path: ['settings', field], message };
}

const same = (one: string, other: string | undefined): boolean =>
  one.toLowerCase() === other?.toLowerCase();

function activationIssues(given: Given): SettingsIssue[] {
  const issues: SettingsIssue[] = [];
  const byAttribute = given.activation === 'attribute';
  for (const field of ['activationAttribute', 'disabledValue'] as const) {
    if (byAttribute && given[field] === undefined) {
      issues.push(issue(field, 'is needed with activation "attribute"'));
    }
  }
  for (const field of ['activationAttribute', 'disabledValue', 'enabledValue'] as const) {
    if (!byAttribute && given[field] !== undefined) {
      issues.push(issue(field, 'is for activation "attribute" only'));
    }
  }
  if (
    byAttribute &&
    given.enabledValue !== undefined &&
    same(given.enabledValue, given.disabledValue)
  ) {
    issues.push(issue('enabledValue', 'must differ from disabledValue'));
  }
  const name = given.activationAttribute;
  if (
    name !== undefined &&
    (same(name, given.userRdnAttribute) || same(name, given.ownerAttribute))
  ) {
    issues.push(issue('activationAttribute', 'has another use already'));
  }
  return [...issues, ...disabledContainerIssues(given)];
}

function disabledContainerIssues(given: Given): SettingsIssue[] {
  const field = 'disabledContainerDN';
  const { activation, disabledContainerDN, userBaseDN, groupBaseDN } = given;
  if (activation !== 'container') {
    return disabledContainerDN === undefined
      ? []
      : [issue(field, 'is for activation "container" only')];
  }
  if (disabledContainerDN === undefined) {
    return [issue(field, 'is needed with activation "container"')];
  }
  if (sameDn(disabledContainerDN, userBaseDN) || !isWithin(disabledContainerDN, userBaseDN)) {
    return [issue(field, 'must be below userBaseDN: users are looked for there')];
  }
  return isWithin(groupBaseDN, disabledContainerDN)
    ? [issue(field, 'must not hold the groups')]
    : [];
}

function extraIssues(given: Given): SettingsIssue[] {
  const kinds = [
    ['userExtraAttributes', given.userRdnAttribute],
    ['groupExtraAttributes', given.groupRdnAttribute],
  ] as const;
  return kinds.flatMap(([field, naming]) =>
    Object.keys(given[field]).flatMap((name) => {
      const taken = [naming, given.ownerAttribute, given.activationAttribute, 'objectClass'];
      const member = field === 'groupExtraAttributes' ? given.memberAttribute : undefined;
      return [...taken, member].some((other) => same(name, other))
        ? [{ path: ['settings', field, name], message: 'has another use already' }]
        : [];
    }),
  );
}

function memberIssues(given: Given): SettingsIssue[] {
  const classes = (given.groupObjectClasses ?? []).map((name) => name.toLowerCase());
  const demands = ['groupofnames', 'groupofuniquenames'].some((name) => classes.includes(name));
  if (!same('memberUid', given.memberAttribute)) {
    return classes.includes('groupofnames') && same('uniqueMember', given.memberAttribute)
      ? [issue('memberAttribute', 'uniqueMember is of groupOfUniqueNames, not of groupOfNames')]
      : [];
  }
  if (given.emptyGroupMember !== undefined) {
    return [issue('emptyGroupMember', 'is a DN, and memberUid holds user names')];
  }
  if (!same('uid', given.userRdnAttribute)) {
    return [issue('memberAttribute', 'memberUid needs users that are named by uid')];
  }
  return !classes.includes('posixgroup') || demands
    ? [
        issue(
          'memberAttribute',
          'memberUid needs groupObjectClasses with posixGroup and no class that demands DNs',
        ),
      ]
    : [];
}

/** Where these settings contradict each other or the rest. */
export function layoutIssues(given: Given): readonly SettingsIssue[] {
  return [...activationIssues(given), ...extraIssues(given), ...memberIssues(given)];
}
