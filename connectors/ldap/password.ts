/** Passwords, handed to the directory to be kept by its own rules. */
import { randomInt } from 'node:crypto';
import { Attribute } from 'ldapts';
import { ConnectorError, type EntryKind, type EntryRef } from '../spi';
import { PASSWORD_MODIFY, passwordModifyValue } from './controls';
import { bytesChange } from './entry';
import { type Exchange } from './exchange';
import { type VendorProfile } from './vendor/profile';

/** Letters alone or digits alone would make parts of names, which the domain's rules forbid in a password. */
const CHARACTERS = [
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  '0123456789',
  '!$%&()*+/:;<=>?@',
] as const;
const ROUNDS = 16;

/** Some 200 random bits, which nobody ever learns. */
function randomPassword(): string {
  return Array.from({ length: ROUNDS })
    .flatMap(() => CHARACTERS.map((set) => set.charAt(randomInt(set.length))))
    .join('');
}

/** What a new account carries where none can be enabled without a password. */
export function initialPassword(profile: VendorProfile, kind: EntryKind): readonly Attribute[] {
  if (kind === 'group' || profile.password !== 'unicodePwd') return [];
  return [new Attribute({ type: 'unicodePwd', values: [unicodePassword(randomPassword())] })];
}

type SetPassword = (exchange: Exchange, ref: EntryRef, password: string) => Promise<void>;

/** RFC 3062: the directory hashes, and applies its policy. */
async function byPasswordModify(
  exchange: Exchange,
  ref: EntryRef,
  password: string,
): Promise<void> {
  if (!(await exchange.features()).passwordModify) {
    const message = 'The directory does not offer the Password Modify operation (RFC 3062).';
    throw new ConnectorError('unsupported', message);
  }
  // No assertion: servers check it for updates only, and this is an extended operation.
  const dn = await exchange.locate(ref);
  await exchange.send(({ client }) =>
    client.exop(PASSWORD_MODIFY, passwordModifyValue(dn, password)),
  );
}

/** [MS-ADTS] section 3.1.1.3.1.5: the password in quotes, in UTF-16. */
export function unicodePassword(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le');
}

async function byUnicodePwd(exchange: Exchange, ref: EntryRef, password: string): Promise<void> {
  await exchange.modify(ref, [bytesChange('replace', 'unicodePwd', unicodePassword(password))]);
}

const WAYS: Readonly<Record<VendorProfile['password'], SetPassword>> = {
  passwordModify: byPasswordModify,
  unicodePwd: byUnicodePwd,
};

export async function setPassword(
  exchange: Exchange,
  ref: EntryRef,
  password: string,
): Promise<void> {
  await WAYS[(await exchange.profile()).password](exchange, ref, password);
}
