/** Schemas and resource types that administrators define (RFC 7643 sections 6 and 7). */
export { checkDefinitions, type CheckedDefinitions, type DefinitionDocuments } from './check';
export { changesOf, placeOf, type DefinitionChanges } from './changes';
export { readDefinitionFiles, type FileDocument, type FileIssue } from './files';
export { printPlace } from './place';
