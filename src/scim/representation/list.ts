/** Lists of resources (RFC 7644 section 3.4.2, RFC 9865 section 2). */

const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** What a list says of itself. */
export interface ListHead {
  readonly totalResults: number;
  readonly itemsPerPage: number;
  /** Of a page that began behind a number of resources. */
  readonly startIndex?: number;
  /** Of a page that began behind a place, unless it is the last. */
  readonly nextCursor?: string;
}

/** `Resources` is there even when it is empty, because clients iterate over it unasked. */
export function listResponse(head: ListHead, resources: readonly object[]): object {
  return { ...members(head), Resources: resources };
}

/** The same as JSON in pieces, for resources that come as JSON in pieces. */
export async function* listChunks(
  head: ListHead,
  resources: AsyncIterable<AsyncIterable<string> | string>,
): AsyncGenerator<string> {
  yield `${JSON.stringify(members(head)).slice(0, -1)},"Resources":[`;
  let separator = '';
  for await (const resource of resources) {
    if (separator !== '') yield separator;
    if (typeof resource === 'string') yield resource;
    else yield* resource;
    separator = ',';
  }
  yield ']}';
}

function members(head: ListHead): object {
  return { schemas: [LIST_RESPONSE], ...head };
}
