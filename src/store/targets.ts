/** Targets in MongoDB: the port `TargetStore`. Secrets are sealed before they get near the database. */
import { type Model } from 'mongoose';
import { v7 as timeOrderedId } from 'uuid';
import { type DeliveryTargets } from '../domain/delivery-ports';
import { type Page, type TargetStore } from '../domain/ports';
import { type Target, type TargetChange, type TargetDraft } from '../domain/target';
import { type Query } from './filter-comparison';
import { type TargetDocument } from './models/administration.model';
import { nameKey, nameSearch, pageById, refuseTakenName } from './named-documents';
import { type SecretBox } from './secret-box';

export class MongoTargetStore implements TargetStore, DeliveryTargets {
  constructor(
    private readonly model: Model<TargetDocument>,
    private readonly secretBox: SecretBox,
    /** The time of day as the database has it: the engine compares by it. */
    private readonly now: () => Date,
  ) {}

  async insert(draft: TargetDraft): Promise<Target> {
    const now = this.now();
    const id = timeOrderedId();
    const document: TargetDocument = {
      _id: id,
      name: draft.name,
      nameKey: nameKey(draft.name),
      connector: draft.connector,
      settings: draft.settings,
      secrets: this.secretBox.seal(draft.secrets, id),
      ...(draft.deliveryLimits === undefined ? {} : { deliveryLimits: draft.deliveryLimits }),
      version: 1,
      resumedVersion: 1,
      ...(draft.reconcile === undefined ? {} : { reconcile: draft.reconcile }),
      createdAt: now,
      updatedAt: now,
    };
    await refuseTakenName(draft.name, () => this.model.insertMany([document], { lean: true }));
    return this.toTarget(document);
  }

  async find(id: string): Promise<Target | undefined> {
    const document = await this.model.findById(id).lean<TargetDocument>();
    return document ? this.toTarget(document) : undefined;
  }

  async findAll(ids: readonly string[]): Promise<readonly Target[]> {
    const documents = await this.model.find({ _id: { $in: ids } }).lean<TargetDocument[]>();
    return documents.map((document) => this.toTarget(document));
  }

  async list(query: Parameters<TargetStore['list']>[0]): Promise<Page<Target>> {
    const page = await pageById(this.model, targetQuery(query), query);
    return { ...page, items: page.items.map((document) => this.toTarget(document)) };
  }

  count(filter: Parameters<TargetStore['count']>[0]): Promise<number> {
    return this.model.countDocuments(targetQuery(filter)).exec();
  }

  async all(): Promise<readonly Target[]> {
    const documents = await this.model.find().sort({ _id: 1 }).lean<TargetDocument[]>();
    return documents.map((document) => this.toTarget(document));
  }

  async update(current: Target, change: TargetChange): Promise<Target | undefined> {
    const { id, version } = current;
    const { name, settings, secrets, deliveryLimits, reconcile, rollOut = false } = change;
    const now = this.now();
    const set = {
      updatedAt: now,
      ...(name === undefined ? {} : { name, nameKey: nameKey(name) }),
      ...(settings === undefined ? {} : { settings }),
      ...(deliveryLimits === undefined ? {} : { deliveryLimits }),
      ...(secrets === undefined ? {} : { secrets: this.secretBox.seal(secrets, id) }),
      ...(rollOut ? { rolloutAt: now } : {}),
      ...(reconcile == null ? {} : { reconcile }),
    };
    const document = await refuseTakenName(name ?? current.name, () =>
      this.model
        .findOneAndUpdate(
          { _id: id, version, deletedAt: null },
          {
            $set: set,
            $inc: { version: 1 },
            ...(reconcile === null ? { $unset: { reconcile: 1 } } : {}),
          },
          { returnDocument: 'after' },
        )
        .lean<TargetDocument>(),
    );
    return document ? this.toTarget(document) : undefined;
  }

  async markResumed(id: string, version: number): Promise<void> {
    await this.model.updateOne({ _id: id, version }, { $set: { resumedVersion: version } });
  }

  setPaused(id: string, paused: boolean): Promise<Target | undefined> {
    return this.mark(id, 'pausedAt', paused);
  }

  setDeleted(id: string, deleted: boolean): Promise<Target | undefined> {
    return this.mark(id, 'deletedAt', deleted);
  }

  async remove(id: string): Promise<boolean> {
    const { deletedCount } = await this.model.deleteOne({ _id: id, deletedAt: { $ne: null } });
    return deletedCount === 1;
  }

  /** Settings stay as they are, and with them the version. A mark that is there keeps its time. */
  private async mark(
    id: string,
    field: 'pausedAt' | 'deletedAt',
    marked: boolean,
  ): Promise<Target | undefined> {
    const now = this.now();
    await this.model.updateOne(
      { _id: id, [field]: marked ? null : { $ne: null } },
      marked
        ? { $set: { [field]: now, updatedAt: now } }
        : { $set: { updatedAt: now }, $unset: { [field]: 1 } },
    );
    return this.find(id);
  }

  private toTarget(document: TargetDocument): Target {
    const { _id, nameKey: _nameKey, rolloutAt: _rolloutAt, secrets, ...fields } = document;
    return { id: _id, ...fields, secrets: this.secretBox.open(secrets, _id) };
  }
}

function targetQuery(filter: { readonly connector?: string; readonly search?: string }): Query {
  return {
    ...nameSearch(filter.search),
    ...(filter.connector === undefined ? {} : { connector: filter.connector }),
  };
}
