import { type SyncRuleStore } from '../domain/ports';
import {
  logoTypeOf,
  MAX_LOGO_BYTES,
  MAX_LOGOS,
  type TokenLogo,
  type TokenLogoStore,
} from '../domain/token-logo';
import {
  issue,
  nameIssues,
  refused,
  tidyName,
  unlessTaken,
  type Issue,
  type Outcome,
} from './issue';

/** What administrators do to the list of token logos. */
export class TokenLogos {
  constructor(
    private readonly logos: TokenLogoStore,
    private readonly rules: Pick<SyncRuleStore, 'usesOfLogo'>,
  ) {}

  /** `image` is Base64. What it is, its own bytes say. */
  async add(input: { readonly name: string; readonly image: string }): Promise<Outcome<TokenLogo>> {
    const name = tidyName(input.name);
    const image = Buffer.from(input.image, 'base64');
    const type = logoTypeOf(image);
    const issues = [...nameIssues(name), ...imageIssues(input.image, image, type)];
    if (issues.length > 0 || type === undefined) return { issues };
    if ((await this.logos.count()) >= MAX_LOGOS) {
      return refused('LIMIT_EXCEEDED', [], `There are at most ${String(MAX_LOGOS)} logos.`);
    }
    const taken = 'Another logo has this name. Names differ in more than upper and lower case.';
    return unlessTaken(() => this.logos.insert({ name, type, image }), taken);
  }

  async remove(id: string): Promise<Outcome<string>> {
    const uses = await this.rules.usesOfLogo(id);
    if (uses > 0) {
      const message = `${String(uses)} sync rules use this logo. Give them another one first (syncRuleUpdate).`;
      return refused('IN_USE', ['id'], message);
    }
    if (await this.logos.remove(id)) return { value: id };
    return refused('NOT_FOUND', ['id'], 'There is no such logo.');
  }
}

function imageIssues(text: string, image: Buffer, type: string | undefined): readonly Issue[] {
  if (image.length > MAX_LOGO_BYTES) {
    const message = `The image has ${String(image.length)} bytes, at most ${String(MAX_LOGO_BYTES)} are allowed.`;
    return [issue('INVALID', ['image'], message)];
  }
  if (image.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
    return [issue('INVALID', ['image'], 'Expected Base64 (RFC 4648 section 4).')];
  }
  if (type !== undefined) return [];
  return [issue('INVALID', ['image'], 'Expected a whole PNG or JPEG image.')];
}
