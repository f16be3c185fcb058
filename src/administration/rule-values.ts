/** The values a rule adds to its users: whether they may become what an administrator wants them to be. */
import {
  type CertificateAuthority,
  MAX_AUTHORITIES,
  readAuthorities,
} from '../domain/certificate-authority';
import { fold } from '../domain/filter/fold';
import { checkUserAttributes } from '../domain/profile';
import { USER } from '../domain/resource';
import {
  type RoleDefinition,
  RULE_VALUE_DEFAULTS,
  type RuleValues,
  USER_ATTRIBUTE_DEFAULTS,
  USER_ATTRIBUTES,
  type UserAttributes,
} from '../domain/rule-values';
import { type SchemaTable } from '../domain/schema-table';
import { invalidBelow, issue, nameIssues, tidyName, type Issue, type Outcome } from './issue';
import { type AdministrationPorts } from './ports';

const MAX_ROLES = 1_000;

/** Everything of a rule that is a value of its users. */
export const RULE_VALUES = Object.keys(RULE_VALUE_DEFAULTS) as readonly (keyof RuleValues)[];

/** The values among the members of an object. */
export function valuesIn(from: Partial<RuleValues>): Partial<RuleValues> {
  return Object.fromEntries(
    RULE_VALUES.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])),
  );
}

export class RuleValueChecks {
  constructor(
    private readonly ports: Pick<AdministrationPorts, 'tokenLogos'>,
    private readonly now: () => Date,
  ) {}

  /**
   * The values as they will be. What is left out stays as it is; of `userAttributes` each for itself. Without a table
   * expressions are not looked at.
   */
  async check(
    current: RuleValues,
    given: Partial<RuleValues>,
    table: SchemaTable | undefined,
  ): Promise<Outcome<RuleValues>> {
    const authorities = this.authorities(given.certificateAuthorities);
    const catalogue = tidied(given.roleCatalogue);
    const userAttributes = merged(current.userAttributes, given.userAttributes);
    const values = {
      ...RULE_VALUE_DEFAULTS,
      ...valuesIn(current),
      ...valuesIn(given),
      userAttributes,
      certificateAuthorities: authorities.value ?? current.certificateAuthorities,
      roleCatalogue: catalogue ?? current.roleCatalogue,
    };
    const issues = [
      ...otpIssues(values),
      ...(await this.logoIssues(given)),
      ...(authorities.issues ?? bindingIssues(values)),
      ...attributeIssues(given.userAttributes, userAttributes, table),
      ...(catalogue === undefined ? [] : catalogueIssues(catalogue)),
      ...provisioningIssues(values),
    ];
    return issues.length > 0 ? { issues } : { value: values };
  }

  private async logoIssues({ tokenLogoId }: Partial<RuleValues>): Promise<readonly Issue[]> {
    if (tokenLogoId === undefined || tokenLogoId === '') return [];
    const [logo] = await this.ports.tokenLogos.findAll([tokenLogoId]);
    if (logo !== undefined) return [];
    return [issue('NOT_FOUND', ['tokenLogoId'], 'There is no such logo. Add it (tokenLogoAdd).')];
  }

  private authorities(
    texts: readonly string[] | undefined,
  ): Outcome<readonly string[]> | { readonly value?: undefined; readonly issues?: undefined } {
    if (texts === undefined) return {};
    const issues: Issue[] = [];
    const found = new Map<string, CertificateAuthority>();
    texts.forEach((text, index) => {
      const read = readAuthorities(text, this.now());
      if ('problem' in read) {
        issues.push(issue('INVALID', ['certificateAuthorities', String(index)], read.problem));
        return;
      }
      for (const authority of read.authorities) found.set(authority.fingerprint, authority);
    });
    if (found.size > MAX_AUTHORITIES) {
      const message = `A rule has at most ${String(MAX_AUTHORITIES)} certification authorities.`;
      issues.push(issue('LIMIT_EXCEEDED', ['certificateAuthorities'], message));
    }
    return issues.length > 0 ? { issues } : { value: [...found.values()].map(({ pem }) => pem) };
  }
}

/** Without what is as usual, so that the usual can be told from the chosen. */
function merged(
  current: Partial<UserAttributes>,
  given: Partial<UserAttributes> = {},
): Partial<UserAttributes> {
  const both = { ...current, ...given };
  return Object.fromEntries(
    USER_ATTRIBUTES.flatMap((name) => {
      const expression = both[name]?.trim();
      const isUsual = expression === undefined || expression === USER_ATTRIBUTE_DEFAULTS[name];
      return isUsual ? [] : [[name, expression]];
    }),
  );
}

function otpIssues({ otpMethods }: RuleValues): readonly Issue[] {
  return otpMethods.flatMap((method, index) =>
    otpMethods.indexOf(method) < index
      ? [issue('INVALID', ['otpMethods', String(index)], `${method} is listed twice.`)]
      : [],
  );
}

function bindingIssues({ certificateAuthorities, userAttributes }: RuleValues): readonly Issue[] {
  const bound = (userAttributes.certificateCommonName ?? '') !== '';
  if (!bound || certificateAuthorities.length > 0) return [];
  const message =
    'Users are bound to certificates (userAttributes.certificateCommonName), so name at least one certification authority, in PEM. Or empty that expression.';
  return [issue('REQUIRED', ['certificateAuthorities'], message)];
}

/** Those that are given, and those that a change of the schemas would break. */
function attributeIssues(
  given: Partial<UserAttributes> = {},
  after: Partial<UserAttributes>,
  table: SchemaTable | undefined,
): readonly Issue[] {
  const users = table?.get(USER);
  if (users === undefined) return [];
  const wrong = checkUserAttributes({ ...after, ...given }, users);
  return invalidBelow(['userAttributes'], wrong);
}

function tidied(
  catalogue: readonly RoleDefinition[] | undefined,
): readonly RoleDefinition[] | undefined {
  return catalogue?.map((role) => ({ ...role, name: tidyName(role.name) }));
}

function catalogueIssues(catalogue: readonly RoleDefinition[]): readonly Issue[] {
  if (catalogue.length > MAX_ROLES) {
    const message = `A catalogue has at most ${String(MAX_ROLES)} roles.`;
    return [issue('LIMIT_EXCEEDED', ['roleCatalogue'], message)];
  }
  const seen = new Set<string>();
  return catalogue.flatMap(({ name }, index) => {
    const place = ['roleCatalogue', String(index)];
    const wrong = nameIssues(name).map((one) => ({ ...one, path: [...place, ...one.path] }));
    const key = fold(name);
    if (!seen.has(key)) {
      seen.add(key);
      return wrong;
    }
    const message = `Another role of the catalogue is called "${name}". Names differ in more than upper and lower case.`;
    return [...wrong, issue('INVALID', [...place, 'name'], message)];
  });
}

function provisioningIssues({ roleProvisioning, roleCatalogue }: RuleValues): readonly Issue[] {
  if (!roleProvisioning || roleCatalogue.length > 0) return [];
  const message =
    'With role provisioning every role is looked up in the catalogue, so give it roles.';
  return [issue('REQUIRED', ['roleCatalogue'], message)];
}
