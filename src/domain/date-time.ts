/** dateTime values (RFC 7643 section 2.3.5: xsd:dateTime), read as instants. */

const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,12}))?([Zz]|[+-]\d{2}:?\d{2})?$/;

/**
 * Milliseconds since 1970, or undefined for what is no dateTime. Any number of fraction digits is read (Entra sends
 * seven), only milliseconds count; a missing zone is UTC.
 */
export function instantOf(text: string): number | undefined {
  const match = DATE_TIME.exec(text.trim());
  if (match === null) return undefined;
  const [, date = '', time = '', fraction = '', zone = 'Z'] = match;
  const milliseconds = fraction.slice(0, 3).padEnd(3, '0');
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const seconds = time.length === 5 ? `${time}:00` : time;
  const instant = Date.parse(`${date}T${seconds}.${milliseconds}${offset}`);
  return Number.isNaN(instant) ? undefined : instant;
}
