/** Secrets are written and never read: what is not mentioned is kept (RFC 7396, JSON Merge Patch). */

type Members = Readonly<Record<string, unknown>>;

/** `null` removes a secret. */
export function mergedSecrets(kept: Members, given: Members): Members {
  const merged = new Map<string, unknown>(Object.entries(kept));
  for (const [name, value] of Object.entries(given)) {
    if (value === null) merged.delete(name);
    else
      merged.set(
        name,
        isMembers(value) ? mergedSecrets(membersOf(merged.get(name)), value) : value,
      );
  }
  return Object.fromEntries(merged);
}

function membersOf(value: unknown): Members {
  return isMembers(value) ? value : {};
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
