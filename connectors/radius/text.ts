/** What RADIUS can carry as a name or a value, whatever they are stored in. */
import { ConnectorError, type EntryKind } from '../spi';
import type { RowRule } from './profile';

/** The longest attribute value of RFC 2865 section 5, and with it the longest name, in bytes. */
export const MAX_BYTES = 253;

// eslint-disable-next-line no-control-regex -- these are the very characters to refuse
const CONTROL = /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u;

/** Fails with `invalid` at the attribute. */
export function refuse(attribute: string, message: string): never {
  throw new ConnectorError('invalid', `${attribute} ${message}`, { attribute });
}

function checkText(attribute: string, text: string): void {
  if (CONTROL.test(text)) refuse(attribute, 'has a control character, which RADIUS cannot carry');
  if (Buffer.byteLength(text) > MAX_BYTES) refuse(attribute, `is longer than ${MAX_BYTES} bytes`);
}

/** Checks the name of an entry. `DEFAULT` is the user entry that matches everybody in FreeRADIUS. */
export function checkName(kind: EntryKind, attribute: string, name: string): void {
  if (name === '') refuse(attribute, 'is empty');
  if (kind === 'user' && name === 'DEFAULT') {
    refuse(attribute, 'must not be DEFAULT: FreeRADIUS takes that name for every user');
  }
  checkText(attribute, name);
}

/** The rule for every value of every store. */
export const textRule: RowRule = (_kind, name, _place, { value }) => checkText(name, value);
