/** Hashed credentials in MongoDB: the port `CredentialStore`. */
import { type ApiKey, type RuleCredential } from '../domain/credential';
import { type CredentialStore } from '../domain/ports';
import {
  type AdministrationModels,
  type ApiKeyDocument,
  type RuleCredentialDocument,
} from './models/administration.model';

export class MongoCredentialStore implements CredentialStore {
  private readonly lastTouched = new Map<string, number>();

  constructor(
    private readonly models: AdministrationModels,
    /** The time of day as the database has it. */
    private readonly now: () => Date,
  ) {}

  async addRuleCredential({ id, ...credential }: RuleCredential): Promise<void> {
    await this.models.ruleCredentials.insertMany([{ _id: id, ...credential }], { lean: true });
  }

  async findRuleCredential(hash: string): Promise<RuleCredential | undefined> {
    const document = await this.models.ruleCredentials
      .findOne({ hash })
      .lean<RuleCredentialDocument>();
    if (!document || (document.expiresAt && document.expiresAt <= this.now())) return undefined;
    return withId(document);
  }

  async ruleCredentials(ruleId: string): Promise<readonly RuleCredential[]> {
    const documents = await this.models.ruleCredentials
      .find({ ruleId })
      .sort({ _id: 1 })
      .lean<RuleCredentialDocument[]>();
    const now = this.now();
    return documents
      .filter((document) => !document.expiresAt || document.expiresAt > now)
      .map((document) => withId(document));
  }

  async expireRuleCredentials(ruleId: string, exceptId: string, at: Date): Promise<void> {
    const others = { ruleId, _id: { $ne: exceptId } };
    if (at <= this.now()) await this.models.ruleCredentials.deleteMany(others);
    // One that was to end earlier still does.
    else await this.models.ruleCredentials.updateMany(others, { $min: { expiresAt: at } });
  }

  async addApiKey({ id, ...key }: ApiKey): Promise<void> {
    await this.models.apiKeys.insertMany([{ _id: id, ...key }], { lean: true });
  }

  async findApiKey(hash: string): Promise<ApiKey | undefined> {
    const document = await this.models.apiKeys.findOne({ hash }).lean<ApiKeyDocument>();
    return document ? withId(document) : undefined;
  }

  async apiKeys(): Promise<readonly ApiKey[]> {
    const documents = await this.models.apiKeys.find().sort({ _id: 1 }).lean<ApiKeyDocument[]>();
    return documents.map((document) => withId(document));
  }

  async revokeApiKey(id: string): Promise<ApiKey | undefined> {
    const document = await this.models.apiKeys
      .findOneAndUpdate(
        { _id: id },
        { $min: { revokedAt: this.now() } },
        { returnDocument: 'after' },
      )
      .lean<ApiKeyDocument>();
    return document ? withId(document) : undefined;
  }

  async touch(kind: 'rule' | 'apiKey', id: string): Promise<void> {
    const now = Date.now();
    if (now - (this.lastTouched.get(id) ?? 0) < TOUCH_EVERY_MS) return;
    this.lastTouched.set(id, now);
    const update = { $set: { lastUsedAt: new Date(now) } };
    if (kind === 'rule') await this.models.ruleCredentials.updateOne({ _id: id }, update);
    else await this.models.apiKeys.updateOne({ _id: id }, update);
  }
}

const TOUCH_EVERY_MS = 60_000;

function withId<Document extends { _id: string }>(
  document: Document,
): Omit<Document, '_id'> & { id: string } {
  const { _id, ...fields } = document;
  return { id: _id, ...fields };
}
