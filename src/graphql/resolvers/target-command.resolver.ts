import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { Access } from '../access';
import { ChangesNothing } from '../commands';
import { type GraphqlContext } from '../context';
import { ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import { TargetMappingsType, TargetSchemaType, toTargetSchema } from '../types/mapping.type';
import {
  TargetDeletePayload,
  TargetPausePayload,
  TargetResumePayload,
  TargetSettingsTestInput,
  TargetSettingsTestPayload,
  TargetUpdateInput,
  TargetUpdatePayload,
} from '../types/target-command.type';
import { fromDeliveryLimits, TargetType, toTarget } from '../types/target.type';
import { toUserErrors } from '../types/user-error.type';

const COMMAND = { complexity: ownCost(50) };
const CONTACT = { complexity: ownCost(1_000) };
const ID_OF_TARGET = { description: 'The id of the target.' };

/** What is done to targets that are there, and what is asked of directories. */
@Resolver(() => TargetType)
export class TargetCommandResolver {
  @Mutation(() => TargetUpdatePayload, {
    ...COMMAND,
    description:
      'Changes what is given of a target. Every process delivers by it within a second, and what is parked is tried again.',
  })
  @Access('ADMINISTRATOR')
  async targetUpdate(
    @Arg('id', () => ID, ID_OF_TARGET) id: string,
    @Arg('input', () => TargetUpdateInput, { description: 'What is to change.' })
    input: TargetUpdateInput,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TargetUpdatePayload> {
    const { name, settings, secrets, deliveryLimits, expectedVersion, sameDirectory } = input;
    const { reconcileEveryHours, reconcileMode, reconcileOrphans } = input;
    const { value, issues } = await administration.targets.update(keyOrNone('Target', id), {
      ...(name == null ? {} : { name }),
      ...(settings == null ? {} : { settings }),
      ...(secrets == null ? {} : { secrets }),
      ...fromDeliveryLimits(deliveryLimits),
      ...(expectedVersion == null ? {} : { expectedVersion }),
      ...(sameDirectory == null ? {} : { sameDirectory }),
      ...(reconcileEveryHours == null ? {} : { reconcileEveryHours }),
      ...(reconcileMode == null ? {} : { reconcileMode }),
      ...(reconcileOrphans == null ? {} : { reconcileOrphans }),
    });
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { target: toTarget(value), userErrors: [] };
  }

  @Mutation(() => TargetDeletePayload, {
    ...COMMAND,
    description:
      'Deletes a target that no sync rule uses any more. The directory is not contacted. With `force` it is taken out of every rule first, and what they provisioned stays as it is.',
  })
  @Access('ADMINISTRATOR')
  async targetDelete(
    @Arg('id', () => ID, ID_OF_TARGET) id: string,
    @Arg('force', () => Boolean, {
      defaultValue: false,
      description: 'Whether to take it out of the rules that use it.',
    })
    force: boolean,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TargetDeletePayload> {
    const { issues } = await administration.targets.delete(keyOrNone('Target', id), force);
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { deletedId: id, userErrors: [] };
  }

  @Mutation(() => TargetPausePayload, {
    ...COMMAND,
    description:
      'Delivers nothing to a target until it is resumed; nothing is lost. Other processes hear of it within a second. Repeating is harmless.',
  })
  @Access('OPERATOR')
  async targetPause(
    @Arg('id', () => ID, ID_OF_TARGET) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TargetPausePayload> {
    const { value, issues } = await administration.targets.pause(keyOrNone('Target', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { target: toTarget(value), userErrors: [] };
  }

  @Mutation(() => TargetResumePayload, {
    ...COMMAND,
    description: 'Delivers to a paused target what has waited. Repeating is harmless.',
  })
  @Access('OPERATOR')
  async targetResume(
    @Arg('id', () => ID, ID_OF_TARGET) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TargetResumePayload> {
    const { value, issues } = await administration.targets.resume(keyOrNone('Target', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { target: toTarget(value), userErrors: [] };
  }

  @Mutation(() => TargetSettingsTestPayload, {
    ...CONTACT,
    description:
      'Tries a connection with settings that are not saved. Nothing is kept, and nothing is changed in the directory. What it finds are `steps`, not `userErrors`.',
  })
  @Access('ADMINISTRATOR')
  @ChangesNothing()
  async targetSettingsTest(
    @Arg('input', () => TargetSettingsTestInput, { description: 'The settings.' })
    { connector, settings, secrets, targetId }: TargetSettingsTestInput,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TargetSettingsTestPayload> {
    const { value, issues } = await administration.targets.testSettings({
      connector,
      settings,
      secrets: secrets ?? {},
      ...(targetId == null ? {} : { targetId: keyOrNone('Target', targetId) }),
    });
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    const { mappings, steps } = value;
    return { settings: value.settings, defaultMapping: mappings, steps, userErrors: [] };
  }

  @FieldResolver(() => TargetMappingsType, {
    nullable: true,
    complexity: ownCost(10),
    description:
      'What a sync rule uses that has no mapping of its own. Null: the connector is not loaded.',
  })
  async defaultMapping(
    @Root() { key }: TargetType,
    @Ctx() { ports, loaders }: GraphqlContext,
  ): Promise<TargetMappingsType | undefined> {
    const target = await loaders.targets.load(key);
    return target && ports.directories.mappings(target);
  }

  @FieldResolver(() => TargetSchemaType, {
    ...CONTACT,
    nullable: true,
    description:
      'What the directory says it can hold. It is asked; null, with an error, when it does not answer. Requires: OPERATOR.',
  })
  @Access('OPERATOR')
  async schema(
    @Root() { key }: TargetType,
    @Ctx() { ports, loaders }: GraphqlContext,
  ): Promise<TargetSchemaType | undefined> {
    const target = await loaders.targets.load(key);
    return target && toTargetSchema(await ports.directories.schema(target));
  }
}
