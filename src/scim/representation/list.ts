/** Lists of resources (RFC 7644 section 3.4.2). */

const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** `Resources` is there even when it is empty, because clients iterate over it unasked. */
export function listResponse(
  resources: readonly object[],
  totalResults: number,
  startIndex: number,
): object {
  return {
    schemas: [LIST_RESPONSE],
    totalResults,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}
