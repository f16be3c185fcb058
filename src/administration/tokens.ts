import { type SyncRuleStore } from '../domain/ports';
import { type NewToken, type TokenStore } from '../domain/token-pool';
import { issue, refused, type Issue, type Outcome } from './issue';

/** More at once are several calls. */
export const MAX_TOKENS_AT_ONCE = 1_000;
const MAX_SERIAL_LENGTH = 64;

/** What administrators do to the token pools of rules. */
export class Tokens {
  constructor(
    private readonly tokens: TokenStore,
    private readonly rules: Pick<SyncRuleStore, 'find'>,
  ) {}

  /** Answers how many were added. */
  async add(ruleId: string, given: readonly NewToken[]): Promise<Outcome<number>> {
    const rule = await this.rules.find(ruleId);
    if (rule === undefined || rule.deletion !== undefined) {
      return refused('NOT_FOUND', ['ruleId'], 'There is no such sync rule.');
    }
    if (given.length > MAX_TOKENS_AT_ONCE) {
      const message = `At most ${String(MAX_TOKENS_AT_ONCE)} tokens can be added at once.`;
      return refused('LIMIT_EXCEEDED', ['tokens'], message);
    }
    const tokens = given.map(({ serial, kind }) => ({ serial: serial.trim(), kind }));
    const issues = serialIssues(tokens);
    if (issues.length > 0) return { issues };
    const taken = new Set(await this.tokens.add(ruleId, tokens));
    if (taken.size === 0) return { value: tokens.length };
    return {
      issues: tokens.flatMap(({ serial }, index) =>
        taken.has(serial)
          ? [issue('TAKEN', placeOf(index), `There is a token "${serial}" already.`)]
          : [],
      ),
    };
  }

  /** Whoever has the token gets another one, or another method, within about ten seconds. */
  async remove(id: string): Promise<Outcome<string>> {
    if (await this.tokens.retire(id)) return { value: id };
    return refused('NOT_FOUND', ['id'], 'There is no such token.');
  }
}

function serialIssues(tokens: readonly NewToken[]): readonly Issue[] {
  const seen = new Set<string>();
  return tokens.flatMap(({ serial }, index) => {
    if (!/^[\x21-\x7e]+$/.test(serial) || serial.length > MAX_SERIAL_LENGTH) {
      const message = `A serial number has 1 to ${String(MAX_SERIAL_LENGTH)} printable ASCII characters without blanks.`;
      return [issue('INVALID', placeOf(index), message)];
    }
    if (seen.has(serial)) return [issue('INVALID', placeOf(index), `"${serial}" is there twice.`)];
    seen.add(serial);
    return [];
  });
}

function placeOf(index: number): readonly string[] {
  return ['tokens', String(index), 'serial'];
}
