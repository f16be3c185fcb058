/** PATCH (RFC 7644 section 3.5.2). */
export { applyPatch, patchModification } from './apply';
export { parsePatch, type PatchOperation } from './operation';
