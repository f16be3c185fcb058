/** The user attributes of a rule: expressions over what SCIM says of a user (requirement A10). */
import { checkMapping, compileMapping, evaluateMapping, type CompiledMapping } from '../mapping';
import { type InputIssue } from '../ports';
import { type Resource } from '../resource';
import { type ResourceSchema } from '../schema-table';
import { USER_ATTRIBUTES, type UserAttribute, type UserAttributes } from '../rule-values';

/** More expressions than this come only from rules that are changed very often. */
const MOST_KEPT = 2_000;

/** By schema, then by attribute and expression. */
const compiled = new WeakMap<ResourceSchema, Map<string, CompiledMapping>>();

/** The values of one attribute. Throws `DomainError('invalidValue')` when a value breaks a limit. */
export function userAttribute(
  name: UserAttribute,
  expression: string,
  resource: Resource,
  schema: ResourceSchema,
): readonly string[] {
  if (expression === '') return [];
  let known = compiled.get(schema);
  if (known === undefined) compiled.set(schema, (known = new Map<string, CompiledMapping>()));
  const key = `${name} ${expression}`;
  let mapping = known.get(key);
  if (mapping === undefined) {
    mapping = compileMapping([{ attribute: `profile.${name}`, expression }], schema);
    if (known.size >= MOST_KEPT) known.clear();
    known.set(key, mapping);
  }
  return evaluateMapping(mapping, resource).authoritative[`profile.${name}`] ?? [];
}

/** What is wrong with the given expressions; each path is an attribute. */
export function checkUserAttributes(
  given: Partial<UserAttributes>,
  schema: ResourceSchema,
): InputIssue[] {
  return USER_ATTRIBUTES.flatMap((name) => {
    const expression = given[name];
    if (expression === undefined) return [];
    if (expression.trim() === '') {
      const message = 'Users without a name cannot be delivered: give it an expression.';
      return name === 'userName' ? [{ path: [name], message }] : [];
    }
    const wrong = checkMapping([{ attribute: name, expression }], schema);
    if (wrong.length > 0) return wrong.map(({ message }) => ({ path: [name], message }));
    if (compileMapping([{ attribute: name, expression }], schema).refers) {
      const message =
        'A user attribute is the same for every target, and entryName() is not. Use it in a mapping.';
      return [{ path: [name], message }];
    }
    return name === 'active' ? conditionIssues(expression, schema) : [];
  });
}

/** Whether somebody may log in is true or false, and nothing else. */
function conditionIssues(expression: string, schema: ResourceSchema): InputIssue[] {
  const condition = `not(${expression})`;
  if (checkMapping([{ attribute: 'active', expression: condition }], schema).length === 0)
    return [];
  const message =
    'Expected a condition (true, false, a path to a boolean, eq(), exists() or not()).';
  return [{ path: ['active'], message }];
}
