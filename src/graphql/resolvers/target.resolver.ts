import {
  Arg,
  Args,
  Ctx,
  FieldResolver,
  ID,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { Access } from '../access';
import { ChangesNothing } from '../commands';
import { type Connection, ConnectionArgs, pageOf } from '../connection';
import { type GraphqlContext } from '../context';
import { connectionCost, ownCost } from '../limits';
import { keyOf, keyOrNone } from '../node-id';
import { ConnectorTypeType, toConnectorType } from '../types/connector-type.type';
import {
  fromDeliveryLimits,
  TargetConnectionType,
  TargetCreateInput,
  TargetCreatePayload,
  TargetFilterInput,
  TargetTestPayload,
  TargetType,
  toTarget,
} from '../types/target.type';
import { toUserErrors } from '../types/user-error.type';
import { found } from './found';

@Resolver(() => TargetType)
export class TargetResolver {
  @Query(() => TargetConnectionType, {
    complexity: connectionCost,
    description: 'The configured directories, oldest first.',
  })
  @Access('AUDITOR')
  targets(
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => TargetFilterInput, { nullable: true, description: 'Only some of them.' })
    filter: TargetFilterInput | null | undefined,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<TargetType>> {
    const query = {
      ...(filter?.search == null ? {} : { search: filter.search }),
      ...(filter?.connector == null ? {} : { connector: filter.connector.eq }),
    };
    return pageOf({
      args,
      list: ['targets', query],
      load: (entry) => ports.targets.list({ ...query, ...entry }),
      keyOf: (target) => target.id,
      toNode: toTarget,
      count: () => ports.targets.count(query),
    });
  }

  @Query(() => TargetType, { nullable: true, description: 'A target. Null: there is none.' })
  @Access('AUDITOR')
  async target(
    @Arg('id', () => ID, { description: 'The id of the target.' }) id: string,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<TargetType | undefined> {
    const key = keyOf('Target', id);
    return key === undefined ? undefined : found(await loaders.targets.load(key), toTarget);
  }

  @Mutation(() => TargetCreatePayload, {
    complexity: ownCost(50),
    description: 'Configures a directory. It is not contacted: see `targetTest`.',
  })
  @Access('ADMINISTRATOR')
  async targetCreate(
    @Arg('input', () => TargetCreateInput, { description: 'The directory.' })
    input: TargetCreateInput,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TargetCreatePayload> {
    const { name, connector, settings, secrets, deliveryLimits } = input;
    const { reconcileEveryHours, reconcileMode, reconcileOrphans } = input;
    const { value, issues } = await administration.targets.create({
      name,
      connector,
      settings,
      secrets: secrets ?? {},
      ...fromDeliveryLimits(deliveryLimits),
      ...(reconcileEveryHours == null ? {} : { reconcileEveryHours }),
      ...(reconcileMode == null ? {} : { reconcileMode }),
      ...(reconcileOrphans == null ? {} : { reconcileOrphans }),
    });
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { target: toTarget(value), userErrors: [] };
  }

  @Mutation(() => TargetTestPayload, {
    complexity: ownCost(1_000),
    description:
      'Tries the connection of a target step by step and changes nothing. What it finds are `steps`, not `userErrors`.',
  })
  @Access('OPERATOR')
  @ChangesNothing()
  async targetTest(
    @Arg('id', () => ID, { description: 'The id of the target.' }) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TargetTestPayload> {
    const { value, issues } = await administration.targets.test(keyOrNone('Target', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { target: toTarget(value.target), steps: value.steps, userErrors: [] };
  }

  @FieldResolver(() => ConnectorTypeType, {
    nullable: true,
    description: 'Its connector type. Null: the connector is not loaded.',
  })
  connectorType(
    @Root() target: TargetType,
    @Ctx() { ports }: GraphqlContext,
  ): ConnectorTypeType | undefined {
    const types = ports.directories.types();
    return found(
      types.find((type) => type.id === target.connector),
      toConnectorType,
    );
  }

  @FieldResolver(() => Int, {
    complexity: ownCost(10),
    description: 'How many sync rules deliver to it.',
  })
  ruleCount(@Root() target: TargetType, @Ctx() { ports }: GraphqlContext): Promise<number> {
    return ports.syncRules.usesOfTarget(target.key);
  }
}
