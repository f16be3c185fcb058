/** PATCH operations taken apart until each one is about one attribute of the resource type. */
import { DomainError } from '../../domain/error';
import { type Filter, type ScimPath } from '../../domain/filter/ast';
import { parsePath } from '../../domain/filter/parser';
import { printPath } from '../../domain/filter/print';
import { type ResolvedPath } from '../../domain/schema';
import { type ResourceSchema } from '../../domain/schema-table';
import { isMembers } from '../../domain/validation';
import { type PatchOperation, type PatchOperator } from './operation';

export interface Step {
  readonly op: PatchOperator;
  readonly target: ResolvedPath;
  readonly filter?: Filter;
  readonly value: unknown;
  /** The path as the client may write it, for messages. */
  readonly name: string;
}

/** Throws `invalidPath`, `mutability`, `noTarget` and `invalidValue`, before anything is read or written. */
export function toSteps(
  schema: ResourceSchema,
  operations: readonly PatchOperation[],
): readonly Step[] {
  return operations.flatMap((operation) => {
    const { op, path, value } = operation;
    if (path !== undefined) return stepsAt(schema, op, path, value);
    if (op === 'remove') {
      throw new DomainError('noTarget', 'A "remove" operation needs a "path" (RFC 7644, 3.5.2.2).');
    }
    return stepsOf(schema, op, objectIn(value, 'The value of an operation without a path'));
  });
}

/** Whether nothing but a group's members changes. */
export function changeOnlyMembers(schema: ResourceSchema, steps: readonly Step[]): boolean {
  return steps.every((step) => isMembers(schema, step.target));
}

function stepsAt(
  schema: ResourceSchema,
  op: PatchOperator,
  path: ScimPath,
  value: unknown,
): readonly Step[] {
  const target = schema.resolve(path.path);
  const name = printPath(path);
  if (target === undefined) {
    throw new DomainError('invalidPath', `"${name}" is not an attribute of ${schema.type.name}.`);
  }
  // What a resource's `schemas` are follows from its attributes; clients that add an extension's URN need nothing done.
  if (target.attribute.name === 'schemas') return [];
  if (isReadOnly(target)) {
    throw new DomainError('mutability', `"${name}" is read-only.`, { field: name });
  }
  if (path.filter !== undefined && !target.attribute.multiValued) {
    throw new DomainError('invalidPath', `"${name}": "${target.attribute.name}" has one value.`);
  }
  const urn = extensionOf(schema, target);
  if (urn !== undefined && op !== 'remove') {
    return value === null ? [] : stepsOf(schema, op, objectIn(value, `"${urn}"`), urn);
  }
  const step = { op, target, value, name };
  return [path.filter === undefined ? step : { ...step, filter: path.filter }];
}

/**
 * One step for each attribute in an object. Keys are bare, dotted or URN-qualified names, or even whole paths; what is
 * unknown or read-only is ignored, because clients send whole resources this way.
 */
function stepsOf(
  schema: ResourceSchema,
  op: 'add' | 'replace',
  object: object,
  urn?: string,
): readonly Step[] {
  return (Object.entries(object) as [string, unknown][]).flatMap(([key, value]) => {
    const path = pathOf(schema, urn === undefined ? key : `${urn}:${key}`);
    const target = path && schema.resolve(path.path);
    if (path === undefined || target === undefined || isReadOnly(target)) return [];
    return stepsAt(schema, op, path, value);
  });
}

function pathOf(schema: ResourceSchema, key: string): ScimPath | undefined {
  if (schema.attribute(key) !== undefined) return { path: { attribute: key } };
  try {
    return parsePath(key);
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

function objectIn(value: unknown, what: string): object {
  const single: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof single !== 'object' || single === null || Array.isArray(single)) {
    throw new DomainError('invalidValue', `${what} must be an object of attributes.`);
  }
  return single;
}
