/** `[URN:]attribute[.subAttribute]`, the names in filters, paths and the `attributes` parameters (RFC 7644 section 3.10). */
import { type AttributePath } from './ast';
import { MAX_LENGTH, syntaxError, type Source } from './lexer';

/** ATTRNAME of RFC 7643 section 2.1, and `$ref`. */
const NAME = /^\$?[A-Za-z][A-Za-z0-9_-]*$/;
/** A URI as far as it matters here: no blanks, brackets or quotes can reach this point anyway. */
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s"[\]()]+$/;

/** Reads a word that stands at `position` of a filter or path. */
export function readAttributePath(text: string, position: number, source: Source): AttributePath {
  // URNs contain dots ("2.0") but attribute names never contain colons, so the last colon ends the URN.
  const colon = text.lastIndexOf(':');
  const schema = colon < 0 ? undefined : text.slice(0, colon);
  const names = text.slice(colon + 1).split('.');
  // "urn:...:2.0:User.manager.value" (a dot where the RFC has a colon) leaves three names behind the last colon. The
  // schema table knows whether "User" belongs to the URN.
  const most = schema === undefined ? 2 : 3;
  if (names.length > most || !names.every((name) => NAME.test(name))) {
    throw syntaxError(source, position, `expected an attribute name but found ${quote(text)}`);
  }
  if (schema !== undefined && !URI.test(schema)) {
    throw syntaxError(source, position, `expected a schema URN before ${quote(names.join('.'))}`);
  }
  const [attribute = '', ...rest] = names;
  return {
    ...(schema === undefined ? {} : { schema }),
    attribute,
    ...(rest.length === 0 ? {} : { subAttribute: rest.join('.') }),
  };
}

/** Reads the name after a value filter: the `.value` of `emails[type eq "work"].value`. */
export function readSubAttribute(text: string, position: number, source: Source): string {
  const name = text.slice(1);
  if (!text.startsWith('.') || !NAME.test(name)) {
    throw syntaxError(source, position, `expected "." and a sub-attribute, found ${quote(text)}`);
  }
  return name;
}

/** Reads an attribute name that stands alone, such as an item of `attributes` or `sortBy`. */
export function parseAttributePath(text: string): AttributePath {
  const name = text.trim();
  if (name.length > MAX_LENGTH) {
    throw syntaxError('invalidPath', MAX_LENGTH, 'the attribute name is too long');
  }
  return readAttributePath(name, 0, 'invalidPath');
}

/** What the client wrote, short enough to be repeated to it. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
