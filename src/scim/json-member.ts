/** A member of a JSON object by its name: as it is written or, failing that, in any case (RFC 7643 section 2.1). */
export function jsonMember(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined;
  if (Object.hasOwn(object, name)) return (object as Record<string, unknown>)[name];
  const entries = Object.entries(object) as [string, unknown][];
  return entries.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
