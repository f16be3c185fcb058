/** PATCH operations taken apart until each one is about one attribute of the resource type. */
import { DomainError } from '../../domain/error';
import { type Filter, type ScimPath } from '../../domain/filter/ast';
import { parsePath } from '../../domain/filter/parser';
import { printPath } from '../../domain/filter/print';
import { type ResolvedPath } from '../../domain/schema';
import { type ResourceSchema } from '../../domain/schema-table';
import { isMembers, isName, type ValidationProfile } from '../../domain/validation';
import { type PatchOperation, type PatchOperator } from './operation';

export interface Step {
  readonly op: PatchOperator;
  readonly target: ResolvedPath;
  readonly filter?: Filter;
  readonly value: unknown;
  /** How the value is to be read. */
  readonly profile: ValidationProfile;
  /** The path as the client may write it, for messages. */
  readonly name: string;
}

/** What operations are about, and how they are read. */
export interface PatchContext {
  readonly schema: ResourceSchema;
  readonly profile: ValidationProfile;
}

/** Throws `invalidPath`, `mutability`, `noTarget` and `invalidValue`, before anything is read or written. */
export function toSteps(
  context: PatchContext,
  operations: readonly PatchOperation[],
): readonly Step[] {
  return operations.flatMap((operation) => {
    const { op, path, value } = operation;
    if (path !== undefined) return stepsAt(context, op, path, value);
    if (op === 'remove') {
      throw new DomainError('noTarget', 'A "remove" operation needs a "path" (RFC 7644, 3.5.2.2).');
    }
    const what = 'The value of an operation without a path';
    return stepsOf(context, op, objectIn(context, value, what));
  });
}

/** Whether nothing but a group's members changes. */
export function changeOnlyMembers(schema: ResourceSchema, steps: readonly Step[]): boolean {
  return steps.every((step) => isMembers(schema, step.target));
}

function stepsAt(
  context: PatchContext,
  op: PatchOperator,
  path: ScimPath,
  value: unknown,
): readonly Step[] {
  const { schema, profile } = context;
  const target = schema.resolve(path.path);
  const name = printPath(path);
  if (target === undefined) {
    throw new DomainError('invalidPath', `"${name}" is not an attribute of ${schema.type.name}.`);
  }
  profile.checkPath(schema, path);
  // What a resource's `schemas` are follows from its attributes; clients that add an extension's URN need nothing done.
  if (target.attribute.name === 'schemas') return [];
  // Within a member nothing but its id counts, and clients write its `display` too.
  if (isReadOnly(target) && !isMembers(schema, target)) {
    throw new DomainError('mutability', `"${name}" is read-only.`, { field: name });
  }
  if (path.filter !== undefined && !target.attribute.multiValued) {
    throw new DomainError('invalidPath', `"${name}": "${target.attribute.name}" has one value.`);
  }
  const urn = extensionOf(schema, target);
  if (urn !== undefined && op !== 'remove') {
    return value === null ? [] : stepsOf(context, op, objectIn(context, value, `"${urn}"`), urn);
  }
  const step = { op, target, value, profile, name };
  return [path.filter === undefined ? step : { ...step, filter: path.filter }];
}

/**
 * One step for each attribute in an object. Keys are names or, where the profile takes them, paths; what is read-only is
 * ignored, because clients send whole resources this way.
 */
function stepsOf(
  context: PatchContext,
  op: 'add' | 'replace',
  object: object,
  urn?: string,
): readonly Step[] {
  return (Object.entries(object) as [string, unknown][]).flatMap(([key, value]) => {
    const path = pathOf(context, urn === undefined ? key : `${urn}:${key}`, urn !== undefined);
    const target = path && context.schema.resolve(path.path);
    if (path === undefined || target === undefined) {
      context.profile.unknownAttribute(key);
      return [];
    }
    return isReadOnly(target) ? [] : stepsAt(context, op, path, value);
  });
}

/** `qualified`: the key is a name in an extension, with the URN in front of it. */
function pathOf(
  { schema, profile }: PatchContext,
  key: string,
  qualified: boolean,
): ScimPath | undefined {
  if (schema.attribute(key) !== undefined) return { path: { attribute: key } };
  if (!profile.pathsAsNames && !qualified && !isName(schema, key)) return undefined;
  try {
    return parsePath(key, profile.grammar);
  } catch (error) {
    // No name of an attribute at all (`__proto__`, for one): unknown, and so ignored.
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** The URN when the target is an extension as a whole. */
function extensionOf(schema: ResourceSchema, { attribute }: ResolvedPath): string | undefined {
  return schema.extension(attribute.name)?.id;
}

function isReadOnly({ attribute, subAttribute }: ResolvedPath): boolean {
  return attribute.mutability === 'readOnly' || subAttribute?.mutability === 'readOnly';
}

function objectIn({ profile }: PatchContext, value: unknown, what: string): object {
  const single = profile.single(value)?.value;
  if (typeof single !== 'object' || single === null || Array.isArray(single)) {
    throw new DomainError('invalidValue', `${what} must be an object of attributes.`);
  }
  return single;
}
