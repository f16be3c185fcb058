/** Token logos in MongoDB: the port `TokenLogoStore`. */
import { v7 as timeOrderedId } from 'uuid';
import { type Page } from '../domain/ports';
import { type LogoImage, type TokenLogo, type TokenLogoStore } from '../domain/token-logo';
import { type TokenLogoDocument, type TokenLogoModel } from './models/token-logo.model';
import { nameKey, refuseTakenName } from './named-documents';

/** A list must not read images. */
const SHOWN = { name: 1, type: 1, bytes: 1, createdAt: 1 } as const;

export class MongoTokenLogoStore implements TokenLogoStore {
  constructor(private readonly model: TokenLogoModel) {}

  async insert({ name, type, image }: { readonly name: string } & LogoImage): Promise<TokenLogo> {
    const document: TokenLogoDocument = {
      _id: timeOrderedId(),
      name,
      nameKey: nameKey(name),
      type,
      bytes: image.length,
      image: image.toString('base64'),
      createdAt: new Date(),
    };
    await refuseTakenName(name, () => this.model.insertMany([document], { lean: true }));
    return toTokenLogo(document);
  }

  async findAll(ids: readonly string[]): Promise<readonly TokenLogo[]> {
    const documents = await this.model
      .find({ _id: { $in: ids } }, SHOWN)
      .lean<TokenLogoDocument[]>();
    return documents.map(toTokenLogo);
  }

  async image(id: string): Promise<LogoImage | undefined> {
    const document = await this.model.findById(id).lean<TokenLogoDocument>();
    if (!document) return undefined;
    return { type: document.type, image: Buffer.from(document.image, 'base64') };
  }

  async list(query: { readonly after?: string; readonly limit: number }): Promise<Page<TokenLogo>> {
    const { after, limit } = query;
    const documents = await this.model
      .find(after === undefined ? {} : { _id: { $gt: after } }, SHOWN)
      .sort({ _id: 1 })
      .limit(limit + 1)
      .lean<TokenLogoDocument[]>();
    return {
      items: documents.slice(0, limit).map(toTokenLogo),
      hasMore: documents.length > limit,
    };
  }

  count(): Promise<number> {
    return this.model.countDocuments().exec();
  }

  async remove(id: string): Promise<boolean> {
    const { deletedCount } = await this.model.deleteOne({ _id: id });
    return deletedCount === 1;
  }
}

function toTokenLogo({ _id, name, type, bytes, createdAt }: TokenLogoDocument): TokenLogo {
  return { id: _id, name, type, bytes, createdAt };
}
