/** The connection test: what provisioning will need, in steps, of which the first that fails ends it. */
import { randomUUID } from 'node:crypto';
import { type CallContext, ConnectorError, type FailureKind, type TestStep } from '../spi';
import { type Service } from './service';
import { isLoopback } from './address';
import { SecretRefused } from './failures';
import { type Settings } from './settings';

const REMEDIES: Readonly<Record<FailureKind, string>> = {
  unavailable:
    'Check `url`, the name, the firewall and the certificate, and that the service runs.',
  timeout: 'Check that the service runs and is not overloaded, or raise `timeoutSeconds`.',
  throttled: 'Wait, or let the service allow more requests; fewer `connections` ask less.',
  permission: 'Check `secret` and `authentication`, and the rights the service gives to them.',
  invalid: 'Compare the service with the protocol in connectors/http/README.md.',
  conflict: 'Compare the service with the protocol in connectors/http/README.md.',
  unsupported: 'Compare the service with the protocol in connectors/http/README.md.',
  notFound: 'Compare the service with the protocol in connectors/http/README.md.',
};

export async function probe(
  service: Service,
  settings: Settings,
  call: CallContext,
): Promise<readonly TestStep[]> {
  const steps: TestStep[] = [];
  const { protocol, hostname } = new URL(settings.url);
  if (protocol === 'http:' && !isLoopback(hostname)) {
    const message = `Secrets and personal data go to ${service.host} unencrypted.`;
    const remedy = 'Give the service a certificate, and `url` https://.';
    steps.push({ name: 'encryption', state: 'warning', message, remedy });
  }
  for (const [name, check] of checks(service, settings, call)) {
    const step = await attempt(name, check);
    steps.push(step);
    if (step.state === 'failed') break;
  }
  return steps;
}

type Check = readonly [name: string, check: () => Promise<string>];

function checks(service: Service, { groups }: Settings, call: CallContext): readonly Check[] {
  const first = async (kind: 'user' | 'group'): Promise<string> => {
    const { entries } = await service.page(kind, null, call, 1);
    return entries.length > 0 ? `There are ${kind}s.` : `There are no ${kind}s yet.`;
  };
  return [
    [
      'connect',
      async () => {
        const { user, group } = await service.describe(call);
        const size = `${user.length} attributes of users and ${group.length} of groups`;
        return `${service.host} takes the secret and speaks the protocol, with ${size}.`;
      },
    ],
    ['users', () => first('user')],
    ...(groups ? [['groups', () => first('group')] as const] : []),
    // A service that says anything else here could never let the gateway see that an entry is gone.
    ['gone', () => strangerIsNotFound(service, call)],
  ];
}

async function strangerIsNotFound(service: Service, call: CallContext): Promise<string> {
  try {
    await service.get('user', randomUUID(), call);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.kind !== 'notFound') throw error;
    return 'An unknown id is answered with 404 and "notFound".';
  }
  throw new ConnectorError('invalid', `${service.host} knows an id that nobody ever gave.`);
}

async function attempt(name: string, check: () => Promise<string>): Promise<TestStep> {
  try {
    return { name, state: 'ok', message: await check() };
  } catch (error) {
    if (!(error instanceof ConnectorError)) {
      const message = 'A defect of the connector.';
      return { name, state: 'failed', message, remedy: REMEDIES.unsupported };
    }
    const kind = error instanceof SecretRefused ? 'permission' : error.kind;
    return { name, state: 'failed', message: error.message, remedy: REMEDIES[kind] };
  }
}
