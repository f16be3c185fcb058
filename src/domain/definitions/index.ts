/** Schemas and resource types that administrators define (RFC 7643 sections 6 and 7). */
export { checkDefinitions, type CheckedDefinitions, type DefinitionDocuments } from './check';
export { changesOf, type DefinitionChanges } from './changes';
