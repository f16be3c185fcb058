/** The committed schema is the schema, and it explains itself. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { graphqlSchema, printGraphqlSchema } from '../../src/graphql/schema';

const schema = graphqlSchema();
const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__'));

interface Described {
  readonly name: string;
  readonly description?: string | null;
}

function undescribed(owner: string, items: readonly Described[]): string[] {
  return items
    .filter((item) => (item.description ?? '').trim() === '')
    .map((item) => `${owner}.${item.name}`);
}

describe('the GraphQL schema', () => {
  it('is the committed one (npm run sdl writes it)', () => {
    const committed = path.resolve(__dirname, '../../schema/graphql/schema.graphql');
    expect(readFileSync(committed, 'utf8')).toBe(printGraphqlSchema());
  });

  it('describes every type, field, argument and enum value', () => {
    const missing = types.flatMap((type) => {
      const own = undescribed('type', [type]);
      if (isEnumType(type)) return [...own, ...undescribed(type.name, type.getValues())];
      if (isInputObjectType(type)) {
        return [...own, ...undescribed(type.name, Object.values(type.getFields()))];
      }
      if (!isObjectType(type) && !isInterfaceType(type)) return own;
      const fields = Object.values(type.getFields());
      const ofArguments = fields.flatMap((field) =>
        undescribed(`${type.name}.${field.name}`, field.args),
      );
      return [...own, ...undescribed(type.name, fields), ...ofArguments];
    });
    expect(missing).toEqual([]);
  });

  it('says of every operation which role it requires', () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const silent = roots
      .flatMap((root) => Object.values(root?.getFields() ?? {}))
      .filter(
        (field) => !/ Requires: (ADMINISTRATOR|OPERATOR|AUDITOR)\.$/.test(field.description ?? ''),
      );
    expect(silent.map((field) => field.name)).toEqual([]);
  });

  it('gives every mutation its own payload with all user errors', () => {
    const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
    const payloads = mutations.map((mutation) => String(mutation.type));
    const expected = mutations.map(
      ({ name }) => `${name.charAt(0).toUpperCase()}${name.slice(1)}Payload!`,
    );
    expect(payloads).toEqual(expected);
    for (const mutation of mutations) {
      const type = schema.getType(String(mutation.type).replace('!', ''));
      const fields = isObjectType(type) ? type.getFields() : {};
      expect(String(fields['userErrors']?.type)).toBe('[UserError!]!');
    }
  });

  it('has nowhere to read a secret again', () => {
    const readable = types
      .filter((type) => isObjectType(type) && !type.name.endsWith('Payload'))
      .flatMap((type) => (isObjectType(type) ? Object.keys(type.getFields()) : []));
    for (const name of ['secrets', 'secretToken', 'token', 'hash', 'password']) {
      expect(readable).not.toContain(name);
    }
  });
});
