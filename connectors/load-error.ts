/** Thrown for a package that cannot be used; the message says why, for the person who named it. */
export class ConnectorLoadError extends Error {
  override readonly name = 'ConnectorLoadError';
}
