/** What a mapping may cost. Values come from an IdP and expressions from a person: neither is trusted to be small. */

/** Longest expression, in characters. */
export const MAX_EXPRESSION_LENGTH = 4096;

/** Deepest nesting of function calls. */
export const MAX_DEPTH = 32;

/** Longest value, in characters. */
export const MAX_VALUE_LENGTH = 65_536;

/** Most values of one attribute. */
export const MAX_VALUES = 10_000;

/**
 * Characters all functions of one expression may produce together. Without it a short expression over many long values
 * could keep every one of its steps within the limits above and still fill the memory.
 */
export const MAX_WORK = 4 * 1024 * 1024;

/** Most resources whose entries one mapping names. */
export const MAX_REFERENCES = 100;

/** Longest target attribute name, in characters. */
export const MAX_ATTRIBUTE_LENGTH = 256;

/** Most lines of a mapping. */
export const MAX_ENTRIES = 1000;

/** Longest text to search for. Up to this length a search costs time linear in the value, whatever the value. */
export const MAX_SEARCH_LENGTH = 200;
