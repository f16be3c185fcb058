/** How a request shows who sends it. */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { type Secrets, type Settings } from './settings';

export interface Message {
  readonly method: string;
  /** With the query, as it stands in the request line. */
  readonly path: string;
  /** Empty for a request without a body. */
  readonly body: string;
}

export function authentication(
  { authentication: how, header }: Settings,
  { secret }: Secrets,
  message: Message,
): Record<string, string> {
  if (how === 'bearer') return { authorization: `Bearer ${secret}` };
  if (how === 'header') return { [header]: secret };
  const time = String(Math.floor(Date.now() / 1_000));
  const id = randomUUID();
  return {
    'x-usher-time': time,
    'x-usher-id': id,
    'x-usher-signature': `v1=${signature(secret, time, id, message)}`,
  };
}

/** Over all that matters: none of it can be changed, and time and id let the service refuse what comes twice. */
function signature(secret: string, time: string, id: string, message: Message): string {
  const digest = createHash('sha256').update(message.body).digest('hex');
  const text = ['v1', time, id, message.method, message.path, digest].join('\n');
  return createHmac('sha256', secret).update(text).digest('hex');
}
