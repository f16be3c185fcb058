/** Schemas, resource types and extensions of a rule: whether they may become what an administrator wants them to be. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  changesOf,
  checkDefinitions,
  placeOf,
  type DefinitionChanges,
  type DefinitionDocuments,
} from '../domain/definitions';
import { extendedTable } from '../domain/extended-table';
import { type SchemaTable } from '../domain/schema-table';
import { standardSchemas } from '../domain/standard-schemas';
import { type ScimDefinitions, type SyncRule } from '../domain/sync-rule';
import { invalidBelow, issue, type Issue, type Outcome } from './issue';
import { type AdministrationPorts } from './ports';

/** By then every process knows a change of the rule and has finished what it began before. */
const KNOWN_EVERYWHERE_MS = 3_000;

const MEMBERS = ['schemas', 'resourceTypes', 'schemaExtensions'] as const;

export interface ReadyDefinitions {
  readonly definitions: ScimDefinitions;
  readonly table: SchemaTable;
}

export class RuleDefinitions {
  constructor(
    private readonly ports: Pick<
      AdministrationPorts,
      'schemas' | 'storedValues' | 'targets' | 'directories'
    >,
    private readonly now: () => Date,
  ) {}

  /** For a new rule. What is left out is not there. */
  check(documents: Partial<DefinitionDocuments>): Outcome<ReadyDefinitions> {
    const { base } = this.ports.schemas;
    const given = { schemas: [], resourceTypes: [], schemaExtensions: [], ...documents };
    const { definitions, issues } = checkDefinitions(base, given);
    if (issues.length > 0) return { issues: invalidBelow([], issues) };
    return { value: { definitions, table: extendedTable(base, definitions) } };
  }

  /** For a rule that has resources. What is left out stays as it is. */
  async checkChange(
    rule: SyncRule,
    documents: Partial<DefinitionDocuments>,
  ): Promise<Outcome<ScimDefinitions>> {
    const given = MEMBERS.find((member) => documents[member] !== undefined);
    const { schemas, resourceTypes, schemaExtensions } = rule;
    const current = { schemas, resourceTypes, schemaExtensions };
    if (given === undefined) return { value: current };
    const checked = this.check({ ...current, ...documents });
    if (checked.issues !== undefined) return checked;
    const { definitions, table } = checked.value;
    // Nobody knows by which definitions the values of a rule that does not fit were stored: each is looked at.
    const fits = this.ports.schemas.clashesOf(rule).length === 0;
    const before = fits ? this.ports.schemas.of(rule) : undefined;
    const changes = changesOf(before ?? standardSchemas, table);
    const issues = [
      ...redefinitions(definitions, changes, given),
      ...(await this.brokenMappings(rule, before, table, given)),
    ];
    if (issues.length > 0) return { issues };
    const misfits = await this.misfits(rule, changes, given);
    return misfits.length > 0 ? { issues: misfits } : { value: definitions };
  }

  /** Mappings and scope filters that could be evaluated before, as far as that is known, and could no longer. */
  private async brokenMappings(
    { syncAs }: SyncRule,
    before: SchemaTable | undefined,
    after: SchemaTable,
    given: string,
  ): Promise<readonly Issue[]> {
    const { targets, directories } = this.ports;
    const found = await targets.findAll(syncAs.map(({ targetId }) => targetId));
    return syncAs.flatMap((one) => {
      const target = found.find(({ id }) => id === one.targetId);
      if (target === undefined) return [];
      const broken = before ? directories.checkSyncAs(target, one, before) : [];
      const known = new Set(broken.map(({ message }) => message));
      return directories
        .checkSyncAs(target, one, after)
        .filter(({ message }) => !known.has(message))
        .map(({ path: [field], message }) => {
          const what = field === 'scopeFilter' ? 'scope filter' : 'mapping';
          const text = `The ${what} for "${target.name}" would break: ${message}`;
          return issue('IN_USE', [given], text);
        });
    });
  }

  /** Values of an earlier time that would be found and compared otherwise than the definitions say. */
  private async misfits(
    { id, version, updatedAt }: SyncRule,
    { added }: DefinitionChanges,
    given: string,
  ): Promise<readonly Issue[]> {
    if (added.length === 0) return [];
    // Another process may still write by the definitions before the last change. A new rule had no others.
    const wait = updatedAt.getTime() + KNOWN_EVERYWHERE_MS - this.now().getTime();
    if (version > 1 && wait > 0) await pause(Math.min(wait, KNOWN_EVERYWHERE_MS));
    const issues: Issue[] = [];
    for (const attributes of added) {
      const misfits = await this.ports.storedValues.countMisfits(id, attributes);
      if (misfits === 0) continue;
      const names = attributes.places.map(({ attribute }) => attribute.name).join(', ');
      issues.push(
        issue(
          'CONFLICT',
          [given],
          `${String(misfits)} resources of type ${attributes.schema.type.name} have values from an earlier definition of ${names} that differ from this one. Define them as they were, or choose other names.`,
        ),
      );
    }
    return issues;
  }
}

function redefinitions(
  { schemas }: ScimDefinitions,
  { redefined }: DefinitionChanges,
  given: string,
): readonly Issue[] {
  return redefined.map(({ schema, attribute, characteristic }) => {
    const path = placeOf(schemas, schema, attribute);
    const message = `"${attribute}" of ${schema} cannot change its ${characteristic}: values are stored by it. Leave the attribute out in one update and add it anew in another, which works as long as no resource has a value.`;
    return issue('IMMUTABLE', path === undefined ? [given] : [...path, characteristic], message);
  });
}
