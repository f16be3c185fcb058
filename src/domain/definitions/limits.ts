/** How much may be defined: far more than clients use, and little enough to be read with every rule. */
export const MAX_SCHEMAS = 20;
export const MAX_RESOURCE_TYPES = 20;
export const MAX_EXTENSIONS = 50;
/** Of one schema, sub-attributes included. */
export const MAX_ATTRIBUTES = 200;
/** Of all schemas together. */
export const MAX_ALL_ATTRIBUTES = 1000;
export const MAX_URN_LENGTH = 200;
export const MAX_NAME_LENGTH = 64;
export const MAX_DESCRIPTION_LENGTH = 1000;
export const MAX_WORDS = 100;
