/**
 * Text to {@link Expression}.
 *
 *     expression = literal / call / path
 *     call       = name "(" [ expression *( "," expression ) ] ")"
 *     literal    = JSON string / JSON number / "true" / "false"
 *
 * A path is only delimited here; its grammar is that of SCIM (RFC 7644 section 3.5.2).
 */
import { type Expression } from './expression';
import { MAX_DEPTH, MAX_EXPRESSION_LENGTH } from './limits';
import { ExpressionProblem, quote } from './problem';

const SOMETHING = 'a path, a literal or a function call';

/** Throws {@link ExpressionProblem}. */
export function parseExpression(text: string): Expression {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionProblem(
      MAX_EXPRESSION_LENGTH,
      `the expression has ${text.length} characters, at most ${MAX_EXPRESSION_LENGTH} are allowed`,
    );
  }
  return new Parser(text).parse();
}

class Parser {
  private offset = 0;

  constructor(private readonly text: string) {}

  parse(): Expression {
    const expression = this.expression(0);
    if (this.offset < this.text.length) throw this.expected('the end of the expression');
    return expression;
  }

  /** Leaves the offset at the next character that is not white space. */
  private expression(depth: number): Expression {
    this.skipSpace();
    const first = this.peek();
    let expression: Expression;
    if (first === '"') expression = this.string();
    else if (isDigit(first) || first === '-') expression = this.number();
    else if (isWordStart(first)) expression = this.word(depth);
    else throw this.expected(SOMETHING);
    this.skipSpace();
    return expression;
  }

  private string(): Expression {
    const offset = this.offset;
    this.skipString();
    const value = parseJson(this.text.slice(offset, this.offset));
    if (typeof value !== 'string') {
      throw new ExpressionProblem(
        offset,
        'this is not a JSON string: check its escapes, write control characters as \\u…',
      );
    }
    if (hasLoneSurrogate(value)) {
      throw new ExpressionProblem(offset, 'the string has half a surrogate pair');
    }
    return { type: 'literal', value, offset };
  }

  private number(): Expression {
    const offset = this.offset;
    while (isNumberPart(this.peek())) this.offset += 1;
    const value = parseJson(this.text.slice(offset, this.offset));
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new ExpressionProblem(offset, 'expected a JSON number');
    }
    return { type: 'literal', value, offset };
  }

  /** A path, a function call or a boolean: whatever begins with a letter. */
  private word(depth: number): Expression {
    const offset = this.offset;
    this.skipPath();
    const text = this.text.slice(offset, this.offset);
    if (text === 'true' || text === 'false') {
      return { type: 'literal', value: text === 'true', offset };
    }
    const end = this.offset;
    this.skipSpace();
    if (this.peek() === '(') {
      if (depth >= MAX_DEPTH) {
        throw new ExpressionProblem(offset, `functions are nested deeper than ${MAX_DEPTH}`);
      }
      return { type: 'call', name: text, args: this.args(depth + 1), offset };
    }
    this.offset = end;
    return { type: 'path', text, offset };
  }

  private args(depth: number): Expression[] {
    this.offset += 1;
    this.skipSpace();
    const args: Expression[] = [];
    if (this.peek() !== ')') {
      args.push(this.expression(depth));
      while (this.peek() === ',') {
        this.offset += 1;
        args.push(this.expression(depth));
      }
    }
    if (this.peek() !== ')') throw this.expected('"," or ")"');
    this.offset += 1;
    return args;
  }

  /** To the end of a path: in brackets everything belongs to it, quoted brackets included. */
  private skipPath(): void {
    while (isWordPart(this.peek())) {
      if (this.peek() === '[') this.skipBrackets();
      else this.offset += 1;
    }
  }

  private skipBrackets(): void {
    const start = this.offset;
    while (this.peek() !== ']') {
      if (this.peek() === '') {
        throw new ExpressionProblem(start, 'the bracket "[" is never closed, expected "]"');
      }
      if (this.peek() === '"') this.skipString();
      else this.offset += 1;
    }
    this.offset += 1;
  }

  private skipString(): void {
    const start = this.offset;
    this.offset += 1;
    while (this.peek() !== '"') {
      if (this.peek() === '') {
        throw new ExpressionProblem(start, 'the string is never closed, expected a quotation mark');
      }
      this.offset += this.peek() === '\\' ? 2 : 1;
    }
    this.offset += 1;
  }

  private skipSpace(): void {
    while (isSpace(this.peek())) this.offset += 1;
  }

  /** The next character; empty at the end. */
  private peek(): string {
    return this.text.charAt(this.offset);
  }

  private expected(what: string): ExpressionProblem {
    const found = this.peek();
    return new ExpressionProblem(
      Math.min(this.offset, this.text.length),
      `expected ${what}, found ${found === '' ? 'the end' : quote(found)}`,
    );
  }
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9' && char.length === 1;
}

function isNumberPart(char: string): boolean {
  return isDigit(char) || (char !== '' && '+-.eE'.includes(char));
}

function isWordStart(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '$';
}

function isWordPart(char: string): boolean {
  return char !== '' && !isSpace(char) && !'(),"]'.includes(char);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Half a pair has no UTF-8 form: every directory would store something else. */
function hasLoneSurrogate(text: string): boolean {
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) return true;
  }
  return false;
}
