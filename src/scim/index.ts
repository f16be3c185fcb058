/** SCIM 2.0 (RFC 7643, RFC 7644) over HTTP. */
export {
  createScimAuthenticator,
  type CredentialedRule,
  type FindRule,
  type ScimAuthenticator,
} from './authenticate';
export { SCIM_PATH } from './http';
export { applyPatch, parsePatch, patchModification } from './patch';
export { createScimRouter, type ScimDependencies, type ScimLog } from './router';
