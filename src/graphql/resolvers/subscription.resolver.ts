import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import { type AuditEvent } from '../../domain/audit';
import { type Binding } from '../../domain/binding';
import { Access } from '../access';
import { type GraphqlContext } from '../context';
import { type Operation } from '../../domain/operation';
import { AuditEventType, toAuditEvent } from '../types/audit-event.type';
import { BindingType, toBinding } from '../types/binding.type';
import { OperationType, toOperation } from '../types/operation.type';
import { argumentKey, ruleScope } from './argument-key';

interface Subscribing<Args> {
  readonly args: Args;
  readonly context: GraphqlContext;
}

@Resolver()
export class SubscriptionResolver {
  @Subscription(() => BindingType, {
    subscribe: ({ args, context }: Subscribing<{ readonly ruleId?: string | null }>) =>
      context.feeds.bindings.changed(ruleScope(args.ruleId).ruleId),
    description:
      'A binding whenever it has changed: its last state, about a second later. Leases (`DELIVERING`) are not told.',
  })
  @Access('AUDITOR')
  bindingChanged(
    @Root() binding: Binding,
    @Arg('ruleId', () => ID, {
      nullable: true,
      description: 'The id of a sync rule. Null: of all.',
    })
    _ruleId: string | null,
  ): BindingType {
    return toBinding(binding);
  }

  @Subscription(() => AuditEventType, {
    subscribe: ({ args, context }: Subscribing<{ readonly ruleId?: string | null }>) =>
      context.feeds.auditEvents.added(ruleScope(args.ruleId).ruleId),
    description: 'Every event of the audit trail, once and in the order of its chain, from now on.',
  })
  @Access('AUDITOR')
  auditEventAdded(
    @Root() event: AuditEvent,
    @Arg('ruleId', () => ID, {
      nullable: true,
      description: 'The id of a sync rule. Null: of all, and what belongs to none.',
    })
    _ruleId: string | null,
  ): AuditEventType {
    return toAuditEvent(event);
  }

  @Subscription(() => OperationType, {
    subscribe: ({ args, context }: Subscribing<{ readonly id: string }>) =>
      context.feeds.operations.updated(argumentKey('Operation', 'id', args.id)),
    description:
      'An operation as it is, and whenever it has got further; at most twice a second, and over with the operation.',
  })
  @Access('AUDITOR')
  operationUpdated(
    @Root() operation: Operation,
    @Arg('id', () => ID, { description: 'The id of the operation.' }) _id: string,
  ): OperationType {
    return toOperation(operation);
  }
}
