/** Filters and paths as data (RFC 7644 sections 3.4.2.2 and 3.5.2). Names are as the client wrote them. */

/** `[URN:]attribute[.subAttribute]`. */
export interface AttributePath {
  /** The schema URN, when the name was qualified with one. */
  readonly schema?: string;
  readonly attribute: string;
  readonly subAttribute?: string;
}

export type CompareOperator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';

/** A literal of a filter: JSON string, number, boolean or null. */
export type Literal = string | number | boolean | null;

export type Filter =
  | { readonly type: 'and'; readonly filters: readonly Filter[] }
  | { readonly type: 'or'; readonly filters: readonly Filter[] }
  | { readonly type: 'not'; readonly filter: Filter }
  | {
      readonly type: 'compare';
      readonly path: AttributePath;
      readonly operator: CompareOperator;
      readonly value: Literal;
    }
  | { readonly type: 'present'; readonly path: AttributePath }
  /** `emails[type eq "work"]`; inside, paths name sub-attributes. */
  | { readonly type: 'valuePath'; readonly path: AttributePath; readonly filter: Filter };

/** A PATCH or mapping path: `attribute`, `attribute.sub`, `attribute[filter]`, `attribute[filter].sub`. */
export interface ScimPath {
  readonly path: AttributePath;
  /** The value filter in brackets; `path.subAttribute` then comes after the bracket. */
  readonly filter?: Filter;
}
