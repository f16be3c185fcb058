/** Every path of a resource type, for "did you mean". */
import { ID, META } from '../common-attributes';
import { PROFILE_URN } from '../profile/schema';
import { type AttributeDefinition } from '../schema';
import { type ResourceSchema } from '../schema-table';
import { type Candidate } from './nearest';

/**
 * A path is found by its full name and by the last name in it, so that `givenName` leads to `name.givenName` and an
 * attribute of an extension to its URN.
 */
export function* knownPaths(schema: ResourceSchema): Generator<Candidate> {
  for (const attribute of [ID, META, ...schema.attributes]) yield* pathsOf(attribute, '');
  for (const extension of schema.extensions) {
    const prefix = extension.id === PROFILE_URN ? '' : `${extension.id}:`;
    for (const attribute of extension.attributes) yield* pathsOf(attribute, prefix);
  }
}

function* pathsOf(attribute: AttributeDefinition, prefix: string): Generator<Candidate> {
  yield { name: attribute.name, suggestion: prefix + attribute.name };
  for (const { name } of attribute.subAttributes ?? []) {
    const path = `${attribute.name}.${name}`;
    yield { name: path, suggestion: prefix + path };
    // Sub-attributes such as "value" and "type" belong to many attributes: alone they tell nothing.
    if (!attribute.multiValued) yield { name, suggestion: prefix + path };
  }
}
