/** `/Me`, an alias of the user that the credential of a rule stands for (RFC 7644 section 3.11). */
import { DomainError } from '../domain/error';
import { type Provisioning } from '../domain/provisioning';
import { USER } from '../domain/resource';
import { type Handler, type ScimRequest } from './http';
import { location } from './representation/resource';
import { type ResourceHandlers } from './resources';

export interface MeHandlers {
  readonly GET: Handler;
  readonly PUT: Handler;
  readonly PATCH: Handler;
  readonly DELETE: Handler;
}

/** The requests are those at the user itself; every answer says where that is. */
export function meHandlers(provisioning: Provisioning, handlers: ResourceHandlers): MeHandlers {
  const alias =
    (handler: Handler): Handler =>
    async (request) => {
      const { endpoint, id, uri } = await subjectOf(provisioning, request);
      const parameters: Readonly<Record<string, string>> = { endpoint, id };
      const parameter = (name: string): string => parameters[name] ?? '';
      const response = await handler({ ...request, parameter });
      return { ...response, headers: { ...response.headers, Location: uri } };
    };
  const { get, replace, modify, remove } = handlers;
  return { GET: alias(get), PUT: alias(replace), PATCH: alias(modify), DELETE: alias(remove) };
}

async function subjectOf(
  provisioning: Provisioning,
  { rule, schemas, baseUrl }: ScimRequest,
): Promise<{ readonly endpoint: string; readonly id: string; readonly uri: string }> {
  const schema = schemas.get(USER);
  const { meUserName } = rule;
  if (meUserName === '' || schema === undefined) {
    throw new DomainError(
      'unsupported',
      'The credential of this sync rule stands for no user. An administrator of Usher can name one as its "meUserName".',
    );
  }
  const path = { attribute: 'userName' };
  const filter = { type: 'compare', path, operator: 'eq', value: meUserName } as const;
  const query = { ruleId: rule.id, filter, from: { offset: 0 }, limit: 1 };
  const { resources } = await provisioning.search(query, [schema]);
  const [user] = resources;
  if (user === undefined) {
    throw new DomainError('notFound', 'There is no user that the credential stands for.');
  }
  const endpoint = schema.type.endpoint.slice(1);
  return { endpoint, id: user.id, uri: location({ schema, baseUrl }, user.id) };
}
