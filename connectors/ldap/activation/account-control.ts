/** Active Directory's switch is one bit among others ([MS-ADTS] section 2.2.16), and the others stay as they are. */
import { attributeValues, rawValues, valuesOf } from '../values';
import { type ActivationStrategy } from './strategy';

const ATTRIBUTE = 'userAccountControl';
const ACCOUNT_DISABLE = 0x2;
const NORMAL_ACCOUNT = 0x200;

function bits(value: string | undefined): number {
  const number = Number(value ?? NORMAL_ACCOUNT);
  return Number.isSafeInteger(number) ? number : NORMAL_ACCOUNT;
}

function switched(current: number, active: boolean): string {
  // Bit operations are those of signed 32-bit numbers, and so is the attribute.
  return String(active ? current & ~ACCOUNT_DISABLE : current | ACCOUNT_DISABLE);
}

export const ACCOUNT_CONTROL: ActivationStrategy = {
  attributes: [ATTRIBUTE],
  isActive: (raw) => (bits(attributeValues(rawValues(raw, ATTRIBUTE))[0]) & ACCOUNT_DISABLE) === 0,
  atCreation: (active): Record<string, readonly string[]> => ({
    [ATTRIBUTE]: [switched(NORMAL_ACCOUNT, active)],
  }),
  changes: (active, current) => [
    { attribute: ATTRIBUTE, values: [switched(bits(valuesOf(current, ATTRIBUTE)[0]), active)] },
  ],
  needsCurrent: true,
};
