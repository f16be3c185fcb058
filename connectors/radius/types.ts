/** The data types of FreeRADIUS's dictionaries: what a value of each has to look like. */
import net from 'node:net';
import { MAX_BYTES } from './text';

/** What the dictionary says of one attribute. */
export interface Definition {
  readonly type: string;
  readonly hasTag: boolean;
  /** It travels inside Vendor-Specific, whose header leaves it less room. */
  readonly isVendor: boolean;
  /** Names for some values, in lower case. */
  readonly values: Set<string>;
}

type Check = (value: string) => string | undefined;

const LARGEST: Readonly<Record<string, bigint>> = {
  byte: 0xffn,
  uint8: 0xffn,
  short: 0xffffn,
  uint16: 0xffffn,
  integer: 0xffff_ffffn,
  uint32: 0xffff_ffffn,
  integer64: 0xffff_ffff_ffff_ffffn,
  uint64: 0xffff_ffff_ffff_ffffn,
};

/** RFC 2865 section 5.26: type, length, vendor id, vendor type and vendor length come off the 255 bytes. */
const MAX_VENDOR_BYTES = 247;

function when(condition: boolean, problem: string): string | undefined {
  return condition ? undefined : problem;
}

function prefix(isAddress: (text: string) => boolean, bits: number): Check {
  return (value) => {
    const [address = '', length = '', ...more] = value.split('/');
    const isLength = /^\d{1,3}$/.test(length) && Number(length) <= bits;
    return when(isAddress(address) && isLength && more.length === 0, 'give an address/length');
  };
}

const MONTHS = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';
const DATES: readonly RegExp[] = [
  /^\d{1,11}$/,
  new RegExp(
    `^(?:(?:${MONTHS}) +\\d{1,2}|\\d{1,2} +(?:${MONTHS})) +\\d{4}(?: +\\d{1,2}:\\d\\d(?::\\d\\d)?(?: +(?:utc|gmt))?)?$`,
    'i',
  ),
];

const CHECKS: Readonly<Record<string, Check>> = {
  ipaddr: (value) => when(net.isIPv4(value), 'give an IPv4 address'),
  ipv6addr: (value) => when(net.isIPv6(value), 'give an IPv6 address'),
  'combo-ip': (value) => when(net.isIP(value) !== 0, 'give an IP address'),
  ipv4prefix: prefix(net.isIPv4, 32),
  ipv6prefix: prefix(net.isIPv6, 128),
  ether: (value) => when(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value), 'give 00:11:22:33:44:55'),
  ifid: (value) =>
    when(/^([0-9a-f]{1,4}:){3}[0-9a-f]{1,4}$/i.test(value), 'give four groups, as 1:2:3:4'),
  signed: (value) =>
    when(
      /^-?\d{1,10}$/.test(value) && Math.abs(Number(value)) < 2 ** 31,
      'give a number of 32 bits',
    ),
  date: (value) =>
    when(
      DATES.some((form) => form.test(value)),
      'give seconds since 1970, "Jan 31 2027 12:00:00 UTC" or, for Expiration, 2027-01-31T12:00:00Z',
    ),
  octets: (value) =>
    when(!value.startsWith('0x') || /^0x([0-9a-f]{2})*$/i.test(value), 'after 0x come hex digits'),
};

function integer(type: string, values: Set<string>, value: string): string | undefined {
  if (values.has(value.toLowerCase())) return undefined;
  const isNumber = /^\d{1,20}$|^0x[0-9a-f]{1,16}$/i.test(value);
  const names = [...values].slice(0, 5).join(', ');
  return when(
    isNumber && BigInt(value) <= (LARGEST[type] ?? 0n),
    names ? `give a number, or a name as ${names}` : 'give a number that fits',
  );
}

function tooLong({ type, isVendor }: Definition, value: string, isTagged: boolean): boolean {
  const isHex = type === 'octets' && value.startsWith('0x');
  const bytes = isHex ? (value.length - 2) / 2 : Buffer.byteLength(value);
  return bytes > (isVendor ? MAX_VENDOR_BYTES : MAX_BYTES) - (isTagged ? 1 : 0);
}

/** What is wrong with the value, and what to give instead; undefined when it fits. */
export function fault(
  definition: Definition,
  value: string,
  isTagged: boolean,
): string | undefined {
  const { type, values } = definition;
  if (tooLong(definition, value, isTagged)) return 'it is too long for the packet; shorten it';
  return LARGEST[type] === undefined ? CHECKS[type]?.(value) : integer(type, values, value);
}
