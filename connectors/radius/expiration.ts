/**
 * `Expiration` as SCIM writes a time. FreeRADIUS parses neither ISO 8601 nor, without a doubt, a time zone; seconds since
 * 1970 it does. They stand with a zero in front, so that what somebody wrote by hand is not taken for ours.
 */
/** A row, or the part of it that matters here. */
interface Valued {
  readonly attribute: string;
  readonly value: string;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const OURS = /^0\d{9,11}$/;

function isExpiration(attribute: string): boolean {
  return attribute.toLowerCase() === 'expiration';
}

/** The value as it stands in a row; anything but a time in UTC is left as it is. */
export function rowValue(attribute: string, value: string): string {
  if (!isExpiration(attribute) || !ISO.test(value)) return value;
  const seconds = Date.parse(value) / 1_000;
  return Number.isFinite(seconds) && seconds > 0 ? String(seconds).padStart(11, '0') : value;
}

/** The value as a mapping gives it. */
export function shownValue({ attribute, value }: Valued): string {
  if (!isExpiration(attribute) || !OURS.test(value)) return value;
  return new Date(Number(value) * 1_000).toISOString().replace('.000Z', 'Z');
}
