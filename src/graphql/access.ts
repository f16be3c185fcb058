/** Which role an operation requires: checked before it runs and told in its description. */
import { GraphQLError, OperationTypeNode } from 'graphql';
import {
  Authorized,
  type AuthChecker,
  Extensions,
  type MiddlewareFn,
  UseMiddleware,
} from 'type-graphql';
import { roleIncludes } from '../administration/api-keys';
import { type Role } from '../domain/credential';
import { recordCommand } from './commands';
import { type GraphqlContext } from './context';
import { createLoaders } from './loaders';

/** The key under which a field's extensions name the role. */
export const REQUIRED_ROLE = 'requiredRole';

/** Marks a query, mutation or subscription; without it the schema is refused. A higher role may do what a lower one may. */
export function Access(role: Role): MethodDecorator {
  const decorators: readonly MethodDecorator[] = [
    Authorized<Role>(role),
    Extensions({ [REQUIRED_ROLE]: role }),
    UseMiddleware(renewLoaders, recordCommand),
  ];
  return (prototype, name, descriptor) => {
    for (const decorate of decorators) decorate(prototype, name, descriptor);
  };
}

export const checkRole: AuthChecker<GraphqlContext, Role> = ({ context }, roles) => {
  requireRole(context, ...roles);
  return true;
};

/** For what only some of an operation's arguments require. */
export function requireRole({ apiKey }: GraphqlContext, ...roles: readonly Role[]): void {
  const missing = roles.find((role) => !roleIncludes(apiKey.role, role));
  if (missing === undefined && roles.length > 0) return;
  throw new GraphQLError(
    `This requires an API key of role ${missing ?? 'ADMINISTRATOR'}; yours has ${apiKey.role}.`,
    { extensions: { code: 'FORBIDDEN' } },
  );
}

/** Mutations, and events of a subscription, come one after the other; none may answer with what was read before it. */
const renewLoaders: MiddlewareFn<GraphqlContext> = async ({ context, info }, next) => {
  if (info.operation.operation !== OperationTypeNode.QUERY)
    context.loaders = createLoaders(context.ports);
  return next() as Promise<unknown>;
};
