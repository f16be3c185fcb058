import { type AttributePlace } from './attribute-values';
import { type ResourceSchema } from './schema-table';

/** Attributes that a resource type did not have before; values from an earlier time may be stored under them. */
export interface AddedAttributes {
  /** The resource type as it will be. */
  readonly schema: ResourceSchema;
  readonly places: readonly AttributePlace[];
}
