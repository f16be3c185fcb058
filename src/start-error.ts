/** A reason not to start that the person who starts Usher can remove. The message says how; no stack is shown. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
