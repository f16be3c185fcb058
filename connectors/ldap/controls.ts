/** Request controls and extended operations that the LDAP library does not bring. */
import {
  type BerReader,
  BerWriter,
  Control,
  type Entry as LdapEntry,
  type Filter,
  SearchEntry,
} from 'ldapts';

/** Password Modify, RFC 3062. */
export const PASSWORD_MODIFY = '1.3.6.1.4.1.4203.1.11.1';
/** StartTLS, RFC 4511 section 4.14. */
export const START_TLS = '1.3.6.1.4.1.1466.20037';
/** Assertion control, RFC 4528. */
export const ASSERTION = '1.3.6.1.1.12';
/** Password policy control, draft-behera-ldap-password-policy. */
export const PASSWORD_POLICY = '1.3.6.1.4.1.42.2.27.8.5.1';
const POST_READ = '1.3.6.1.1.13.2';
const PERMISSIVE_MODIFY = '1.2.840.113556.1.4.1413';
const OCTET_STRING = 0x04;
const SEARCH_RESULT_ENTRY = 0x64;

/** Makes the server carry out a write only on an entry that matches, whatever its name has become. */
export class AssertionControl extends Control {
  constructor(private readonly assertion: Filter) {
    super(ASSERTION, { critical: true });
  }

  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    this.assertion.write(value);
    writer.writeBuffer(value.buffer, OCTET_STRING);
  }
}

/**
 * RFC 4527: the entry as it is after the write, in the same answer. The library hands response controls to the request
 * control of the same type, and to nobody else: the answer is found in `entry`. Not critical: where the server does not
 * know it, `entry` stays undefined.
 */
export class PostReadControl extends Control {
  entry: LdapEntry | undefined;

  constructor(private readonly attributes: readonly string[]) {
    super(POST_READ, { critical: false });
  }

  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    for (const attribute of this.attributes) value.writeString(attribute);
    value.endSequence();
    writer.writeBuffer(value.buffer, OCTET_STRING);
  }

  override parseControl(reader: BerReader): void {
    reader.readSequence(SEARCH_RESULT_ENTRY);
    const entry = new SearchEntry({ messageId: 0 });
    entry.parse(reader, []);
    this.entry = entry.toObject([], []);
  }
}

/** Adding a value that is there, or removing one that is not, is no error. Servers know it to different degrees. */
export class PermissiveModifyControl extends Control {
  constructor() {
    super(PERMISSIVE_MODIFY, { critical: false });
  }
}

/** The value of a Password Modify request: the account and its new password (RFC 3062 section 2). */
export function passwordModifyValue(dn: string, newPassword: string): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeString(dn, 0x80);
  writer.writeString(newPassword, 0x82);
  writer.endSequence();
  return writer.buffer;
}
