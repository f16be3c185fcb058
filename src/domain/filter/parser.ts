/**
 * The filter grammar of RFC 7644 section 3.4.2.2 and the paths of section 3.5.2, by recursive descent in linear time.
 * Unless told otherwise it reads what clients send beyond that.
 */
import {
  type AttributePath,
  type CompareOperator,
  type Filter,
  type Literal,
  type ScimPath,
} from './ast';
import { parseAttributePath, quote, readAttributePath, readSubAttribute } from './attribute-path';
import { EXTENDED_GRAMMAR, type Grammar } from './grammar';
import { syntaxError, tokenize, type Source, type Token } from './lexer';

export { parseAttributePath };

/** How deep parentheses and brackets may nest. */
export const MAX_DEPTH = 32;
/** How many expressions a filter may have. */
export const MAX_NODES = 200;

const OPERATORS: ReadonlySet<string> = new Set<CompareOperator>([
  ...(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const),
]);

/** Throws `invalidFilter`. */
export function parseFilter(text: string, grammar = EXTENDED_GRAMMAR): Filter {
  const parser = new Parser(text, 'invalidFilter', grammar);
  const filter = parser.filter();
  parser.end('"and", "or" or the end of the filter');
  return filter;
}

/** Throws `invalidPath`. */
export function parsePath(text: string, grammar = EXTENDED_GRAMMAR): ScimPath {
  const parser = new Parser(text, 'invalidPath', grammar);
  const path = parser.path();
  parser.end('the end of the path');
  return path;
}

class Parser {
  private readonly tokens: readonly Token[];
  private index = 0;
  private depth = 0;
  private nodes = 0;
  private insideBrackets = false;

  constructor(
    text: string,
    private readonly source: Source,
    private readonly grammar: Grammar,
  ) {
    this.tokens = tokenize(text, source);
  }

  filter(): Filter {
    const filters = [this.conjunction()];
    while (this.keyword('or')) filters.push(this.conjunction());
    return joined('or', filters);
  }

  path(): ScimPath {
    const path = this.attributePath();
    if (this.peek().type !== '[') return { path };
    const filter = this.brackets();
    const subAttribute = this.subAttribute();
    return { path: subAttribute === undefined ? path : { ...path, subAttribute }, filter };
  }

  end(expected: string): void {
    if (this.peek().type !== 'end') this.unexpected(expected);
  }

  /** "and" binds tighter than "or" (RFC 7644 section 3.4.2.2, order of operations). */
  private conjunction(): Filter {
    const filters = [this.term()];
    while (this.keyword('and')) filters.push(this.term());
    return joined('and', filters);
  }

  private term(): Filter {
    this.nodes += 1;
    if (this.nodes > MAX_NODES) {
      this.fail(`it has more than ${String(MAX_NODES)} expressions`);
    }
    if (this.peek().type === '(') return this.group();
    if (this.tokens[this.index + 1]?.type === '(' && this.keyword('not')) {
      return { type: 'not', filter: this.group() };
    }
    return this.expression();
  }

  private group(): Filter {
    return this.nested(')', () => this.filter());
  }

  private brackets(): Filter {
    if (this.insideBrackets) this.fail('a value filter cannot stand inside another one');
    this.insideBrackets = true;
    const filter = this.nested(']', () => this.filter());
    this.insideBrackets = false;
    return filter;
  }

  private nested(close: ')' | ']', read: () => Filter): Filter {
    this.index += 1;
    this.depth += 1;
    if (this.depth > MAX_DEPTH) this.fail(`it nests deeper than ${String(MAX_DEPTH)} levels`);
    const filter = read();
    if (this.peek().type !== close) this.unexpected(`"and", "or" or "${close}"`);
    this.index += 1;
    this.depth -= 1;
    return filter;
  }

  private expression(): Filter {
    const path = this.attributePath();
    if (this.peek().type !== '[') return this.comparison(path);
    const filter = this.brackets();
    const subAttribute = this.subAttribute();
    if (subAttribute === undefined) return { type: 'valuePath', path, filter };
    if (!this.grammar.filteredSubAttributes) {
      this.fail('a sub-attribute behind a value filter belongs inside of the brackets');
    }
    // emails[type eq "work"].value eq "x" asks for one element that fulfils both.
    const extra = this.comparison({ attribute: subAttribute });
    const filters = filter.type === 'and' ? [...filter.filters, extra] : [filter, extra];
    return { type: 'valuePath', path, filter: { type: 'and', filters } };
  }

  private comparison(path: AttributePath): Filter {
    const token = this.peek();
    const word = token.type === 'word' ? token.text.toLowerCase() : '';
    if (word === 'pr') {
      this.index += 1;
      return { type: 'present', path };
    }
    if (!OPERATORS.has(word)) {
      this.unexpected('an operator (eq, ne, co, sw, ew, pr, gt, ge, lt, le)');
    }
    this.index += 1;
    return { type: 'compare', path, operator: word as CompareOperator, value: this.literal() };
  }

  private literal(): Literal {
    const operand = this.peek();
    if (operand.type !== 'word' && operand.type !== 'string') {
      return this.unexpected(`a value to compare with`);
    }
    const value = operand.type === 'string' ? operand.value : this.grammar.literal(operand.text);
    if (value === undefined) {
      return this.unexpected('a string in quotes, a number, true, false or null');
    }
    this.index += 1;
    return value;
  }

  private attributePath(): AttributePath {
    const token = this.peek();
    if (token.type !== 'word') return this.unexpected('an attribute name');
    this.index += 1;
    return readAttributePath(token.text, token.position, this.source);
  }

  private subAttribute(): string | undefined {
    const token = this.peek();
    if (token.type !== 'word' || !token.text.startsWith('.')) return undefined;
    this.index += 1;
    return readSubAttribute(token.text, token.position, this.source);
  }

  private keyword(word: 'and' | 'or' | 'not'): boolean {
    const token = this.peek();
    if (token.type !== 'word' || token.text.toLowerCase() !== word) return false;
    this.index += 1;
    return true;
  }

  private peek(): Token {
    // The last token is always "end", and nothing reads on after it.
    return this.tokens[this.index] ?? { type: 'end', position: 0 };
  }

  private unexpected(expected: string): never {
    const token = this.peek();
    this.fail(`expected ${expected} but found ${describe(token)}`);
  }

  private fail(problem: string): never {
    throw syntaxError(this.source, this.peek().position, problem);
  }
}

function joined(type: 'and' | 'or', filters: readonly [Filter, ...Filter[]] | Filter[]): Filter {
  const [first] = filters;
  return filters.length === 1 && first !== undefined ? first : { type, filters };
}

function describe(token: Token): string {
  if (token.type === 'word') return quote(token.text);
  if (token.type === 'string') return `the string ${quote(token.value)}`;
  return token.type === 'end' ? 'the end' : `"${token.type}"`;
}
