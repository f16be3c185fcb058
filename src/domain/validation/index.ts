/** What clients send, checked against the schemas (RFC 7643) and brought into canonical form. */
export { coerceMembers } from './members';
export { tolerant, type ValidationProfile } from './profile';
export {
  checkRequired,
  coerceResource,
  isActivation,
  isMembers,
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
  invalid,
  isDerived,
  isHollow,
  isPrimary,
} from './value';
