/** What Active Directory takes for names and what it keeps to itself. */
import { type ValueRule } from '../profile';

const BOTH = ['user', 'group'] as const;

/** [MS-SAMR] section 3.1.1.6; `@` is legal there and left to the domain. */
// eslint-disable-next-line no-control-regex
const NOT_IN_ACCOUNT_NAMES = /["/\\[\]:;|=,+*?<>\u0000-\u001f]/;

function accountNameProblem(most: number): ValueRule['problem'] {
  return (value) => {
    const [forbidden] = NOT_IN_ACCOUNT_NAMES.exec(value) ?? [];
    if (forbidden !== undefined) return `${JSON.stringify(forbidden)} is not allowed in it`;
    if (value.endsWith('.')) return 'it may not end in a dot';
    if (/^[. ]*$/.test(value)) return 'it consists of dots and spaces alone';
    return longerThan(most)(value);
  };
}

/** The directory counts UTF-16 code units. */
function longerThan(most: number): ValueRule['problem'] {
  return (value) =>
    value.length > most
      ? `it has ${value.length} characters, and ${most} are the most Active Directory takes`
      : undefined;
}

/** [MS-ADTS] section 3.1.1.5.1.2: the line feed marks names that the directory itself has mangled. */
const commonNameProblem: ValueRule['problem'] = (value) =>
  value.includes('\n') ? 'a line feed is not allowed in it' : longerThan(64)(value);

const READ_ONLY = [
  ...['memberOf', 'objectGUID', 'objectSid', 'primaryGroupID', 'distinguishedName', 'name'],
  ...['whenCreated', 'whenChanged', 'isCriticalSystemObject', 'sAMAccountType'],
];

export const VALUES: readonly ValueRule[] = [
  // The limit for users is one of the logon protocols, and the schema's 256 is not it ([MS-ADA3] section 2.222).
  {
    attribute: 'samaccountname',
    kinds: ['user'],
    maxLength: 20,
    problem: accountNameProblem(20),
  },
  {
    attribute: 'samaccountname',
    kinds: ['group'],
    maxLength: 256,
    problem: accountNameProblem(256),
  },
  { attribute: 'cn', kinds: BOTH, maxLength: 64, problem: commonNameProblem },
  {
    attribute: 'useraccountcontrol',
    kinds: BOTH,
    problem: () => 'it is kept by the activation of accounts and cannot be mapped',
  },
  {
    attribute: 'unicodepwd',
    kinds: BOTH,
    problem: () => 'passwords are set by an operation of their own and cannot be mapped',
  },
  ...READ_ONLY.map((attribute) => ({
    attribute: attribute.toLowerCase(),
    kinds: BOTH,
    readOnly: true,
    problem: () => 'the directory keeps it by itself and nobody can write it',
  })),
];
