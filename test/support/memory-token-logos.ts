/** The port TokenLogoStore in memory. */
import { v7 as timeOrderedId } from 'uuid';
import { DomainError } from '../../src/domain/error';
import { fold } from '../../src/domain/filter/fold';
import { type LogoImage, type TokenLogo, type TokenLogoStore } from '../../src/domain/token-logo';

export class MemoryTokenLogoStore implements TokenLogoStore {
  private readonly logos = new Map<string, TokenLogo & LogoImage>();

  async insert(logo: { readonly name: string } & LogoImage): Promise<TokenLogo> {
    if ([...this.logos.values()].some(({ name }) => fold(name) === fold(logo.name))) {
      throw new DomainError('uniqueness', `The name "${logo.name}" is taken.`, { field: 'name' });
    }
    const made = {
      ...logo,
      id: timeOrderedId(),
      bytes: logo.image.length,
      createdAt: new Date(),
    };
    this.logos.set(made.id, made);
    return made;
  }

  async findAll(ids: readonly string[]): Promise<readonly TokenLogo[]> {
    return ids.flatMap((id) => this.logos.get(id) ?? []);
  }

  async image(id: string): Promise<LogoImage | undefined> {
    return this.logos.get(id);
  }

  async list({ after, limit }: Parameters<TokenLogoStore['list']>[0]) {
    const rest = [...this.logos.values()].filter(({ id }) => after === undefined || id > after);
    return { items: rest.slice(0, limit), hasMore: rest.length > limit };
  }

  async count(): Promise<number> {
    return this.logos.size;
  }

  async remove(id: string): Promise<boolean> {
    return this.logos.delete(id);
  }
}
