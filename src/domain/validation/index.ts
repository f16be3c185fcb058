/** What clients send, checked against the schemas (RFC 7643) and brought into canonical form. */
export { checkImmutable, immutable, keepImmutable } from './immutable';
export { invalid } from './invalid';
export { coerceMembers } from './members';
export { BULK_REQUEST, PATCH_OP, SEARCH_REQUEST } from './message';
export { profiles, strict, tolerant, type ValidationProfile } from './profile';
export { isRequired, missingRequired } from './required';
export {
  coerceResource,
  isActivation,
  isMembers,
  isName,
  isStored,
  mergeComplex,
  type CoercedResource,
} from './resource';
export {
  checkLength,
  checkPrimary,
  coerceAttribute,
  coerceElement,
  coerceSubAttributes,
  isDerived,
  isHollow,
  isPrimary,
} from './value';
