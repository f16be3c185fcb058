/** Passwords, handed to the directory to be kept by its own rules. */
import { ConnectorError, type EntryRef } from '../spi';
import { PASSWORD_MODIFY, passwordModifyValue } from './controls';
import { bytesChange } from './entry';
import { type Exchange } from './exchange';
import { type VendorProfile } from './vendor/profile';

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
