/**
 * What Active Directory means: its result codes are few, and the Win32 error at the start of the message, or the `data`
 * of a refused sign-in, tells more ([MS-ERREF] section 2.2).
 */
import { type Explanation } from '../profile';

const INVALID_CREDENTIALS = 49;

/** Behind `data` when a sign-in is refused. */
const SIGN_IN: Readonly<Record<string, string>> = {
  '525': 'there is no such account: check bindDN',
  '52e': 'wrong password: check bindPassword',
  '530': 'the account may not sign in at this time of day',
  '531': 'the account may not sign in from this machine',
  '532': 'the password of the account has expired: set a new one, or let it never expire',
  '533': 'the account is disabled: enable it',
  '701': 'the account has expired: extend it',
  '773': 'the account must change its password first: clear "must change password at next logon"',
  '775': 'the account is locked out after wrong passwords: unlock it',
};

const WIN32: Readonly<Record<string, Explanation>> = {
  '00000005': { kind: 'permission', meaning: 'access denied: delegate this right to the bind DN' },
  '0000001f': {
    kind: 'permission',
    meaning: 'passwords are taken over TLS only, from an account with the right to reset them',
    attribute: 'unicodePwd',
  },
  '00000524': { kind: 'conflict', meaning: 'an account of that name exists in the domain' },
  '00000525': { kind: 'throttled', meaning: 'one of the members has just gone' },
  '00000526': { kind: 'conflict', meaning: 'a group of that name exists in the domain' },
  '0000052d': {
    kind: 'invalid',
    meaning: "the password does not meet the domain's rules for length, complexity or history",
    attribute: 'unicodePwd',
  },
  '0000055e': { kind: 'conflict', meaning: 'the group is the primary group of the member' },
  '00002071': { kind: 'conflict', meaning: 'the name is taken' },
  '00002089': { kind: 'invalid', meaning: 'the entry above it does not exist' },
  '00002098': {
    kind: 'permission',
    meaning: 'access denied: delegate this right to the bind DN',
  },
  '0000209a': { kind: 'invalid', meaning: 'the attribute belongs to the account database' },
  '000021c7': {
    kind: 'conflict',
    meaning: 'the user principal name is taken in the forest',
    attribute: 'userPrincipalName',
  },
  '000021c8': {
    kind: 'conflict',
    meaning: 'the service principal name is taken in the forest',
    attribute: 'servicePrincipalName',
  },
};

/** The meaning of a diagnostic message, or undefined when it says no more than the result code. */
export function explainSubCode(message: string, code: number): Explanation | undefined {
  const data = /\bdata ([0-9a-f]+)\b/i.exec(message)?.[1]?.toLowerCase();
  if (code === INVALID_CREDENTIALS) {
    const meaning = SIGN_IN[data ?? ''];
    return meaning === undefined ? undefined : { kind: 'permission', meaning };
  }
  const win32 = /^([0-9a-f]{8}):/i.exec(message)?.[1]?.toLowerCase();
  return WIN32[win32 ?? ''];
}
