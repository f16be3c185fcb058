import { GraphQLJSONObject } from 'graphql-scalars';
import { Field, ID, ObjectType } from 'type-graphql';
import { type ConnectorDescription } from '../../domain/ports';

@ObjectType('ConnectorCapabilities', { description: 'What a kind of directory can do.' })
export class ConnectorCapabilitiesType {
  @Field(() => [String], { description: 'The kinds of entries it holds: `user`, `group`.' })
  kinds!: readonly string[];

  @Field(() => String, { description: 'How accounts are disabled there.' })
  activation!: string;

  @Field(() => Boolean, { description: 'Whether an entry can change its name and stay itself.' })
  supportsRename!: boolean;

  @Field(() => Boolean, { description: 'Whether passwords can be set.' })
  supportsPassword!: boolean;
}

@ObjectType('ConnectorType', { description: 'A kind of directory that targets can be made of.' })
export class ConnectorTypeType {
  @Field(() => ID, { description: 'The name by which `targetCreate` knows it: `ldap`.' })
  id!: string;

  @Field(() => String, { description: 'For people.' })
  title!: string;

  @Field(() => GraphQLJSONObject, { description: 'JSON Schema of the settings of a target.' })
  settingsSchema!: object;

  @Field(() => GraphQLJSONObject, {
    description: 'JSON Schema of the secrets of a target. Their values are never shown.',
  })
  secretsSchema!: object;

  @Field(() => ConnectorCapabilitiesType, { description: 'What this kind of directory can do.' })
  capabilities!: ConnectorCapabilitiesType;
}

export function toConnectorType(description: ConnectorDescription): ConnectorTypeType {
  const { kinds, activation, rename, password } = description.capabilities;
  return {
    id: description.id,
    title: description.title,
    settingsSchema: description.settingsSchema,
    secretsSchema: description.secretsSchema,
    capabilities: {
      kinds,
      activation,
      supportsRename: rename,
      supportsPassword: password,
    },
  };
}
