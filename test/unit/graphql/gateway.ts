/** The interface over real HTTP on a loopback port, with a key for each role. */
import { type AddressInfo } from 'node:net';
import express from 'express';
import {
  type Administration,
  createAdministration,
} from '../../../src/administration/administration';
import { type ApiKey, type Role } from '../../../src/domain/credential';
import { newSecretToken } from '../../../src/domain/secret-token';
import { createGraphqlMiddleware, type GraphqlOptions } from '../../../src/graphql/middleware';
import { type World } from '../../support/memory-administration';
import { memoryAudit } from '../../support/memory-audit';

type GatewayOptions = Partial<
  Pick<GraphqlOptions, 'introspection' | 'limits' | 'subscriberLimits'>
> & { readonly watched?: Partial<GraphqlOptions['watched']> };

const NOTHING_TO_SEE: Omit<GraphqlOptions['watched'], 'operations'> = {
  bindingChanges: { last: async () => undefined, since: async () => [] },
  now: () => new Date(),
  auditTrail: { tail: async () => ({ events: [], position: { recorded: '', seen: new Set() } }) },
};

export type OpenWorld = () => Promise<World>;

/** Whatever JSON says; tests look inside. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The whole body as it came. */
  readonly text: string;
  readonly data: Json;
  readonly errors: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

export class Gateway {
  /** How often each method of each port was called: `targets.findAll`. */
  readonly calls = new Map<string, number>();
  /** What was logged. */
  readonly log: { readonly fields: object; readonly message: string }[] = [];

  private constructor(
    readonly world: World,
    readonly administration: Administration,
    readonly tokens: Readonly<Record<Role, string>>,
    readonly keys: Readonly<Record<Role, ApiKey>>,
  ) {}

  /** Where it listens. */
  url = '';
  private end: () => Promise<void> = async () => undefined;

  static async open(openWorld: OpenWorld, options: GatewayOptions = {}): Promise<Gateway> {
    const world = await openWorld();
    const administration = createAdministration(world, () => new Date());
    const made = await Promise.all(
      (['ADMINISTRATOR', 'OPERATOR', 'AUDITOR'] as const).map(
        async (role) => [role, await addKey(world, { name: `${role} of the test`, role })] as const,
      ),
    );
    const gateway = new Gateway(
      world,
      administration,
      Object.fromEntries(made.map(([role, { token }]) => [role, token])) as Record<Role, string>,
      Object.fromEntries(made.map(([role, { key }]) => [role, key])) as Record<Role, ApiKey>,
    );
    await gateway.listen(options);
    return gateway;
  }

  async query(
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
    token: string = this.tokens.ADMINISTRATOR,
  ): Promise<Answer> {
    return this.post(JSON.stringify({ query, variables }), { authorization: `Bearer ${token}` });
  }

  /** The data of a query that has no errors. */
  async data(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Json> {
    const answer = await this.query(query, variables);
    expect(answer.errors).toEqual([]);
    return answer.data;
  }

  async post(body: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    return this.send({
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  async send(init: RequestInit): Promise<Answer> {
    const response = await fetch(`${this.url}/graphql`, init);
    const text = await response.text();
    const { data, errors = [] } = text.startsWith('{')
      ? (JSON.parse(text) as { data?: unknown; errors?: Answer['errors'] })
      : {};
    return { status: response.status, headers: response.headers, text, data, errors };
  }

  callsOf(method: string): number {
    return this.calls.get(method) ?? 0;
  }

  async close(): Promise<void> {
    await this.end();
    await this.world.close();
  }

  private async listen(options: GatewayOptions): Promise<void> {
    const { syncRules, targets, credentials, resources, bindings, directories } = this.world;
    const { tokenLogos, tokens, profiles, operations, guards } = this.world;
    const note = (fields: object, message: string): void => void this.log.push({ fields, message });
    const { handler, upgrade, endSubscriptions, stop } = await createGraphqlMiddleware({
      ...options,
      watched: { ...NOTHING_TO_SEE, operations, ...options.watched },
      administration: this.administration,
      ports: {
        syncRules: this.counted('syncRules', syncRules),
        targets: this.counted('targets', targets),
        credentials: this.counted('credentials', credentials),
        resources: this.counted('resources', resources),
        bindings: this.counted('bindings', bindings),
        operations: this.counted('operations', operations),
        guards: this.counted('guards', guards),
        directories,
        tokenLogos,
        tokens,
        profiles,
        audit: this.world.audit ?? memoryAudit(),
      },
      publicUrl: () => 'https://usher.example/',
      logoUrl: (id) => `https://usher.example/logos/${id}`,
      log: { error: note, warn: note },
    });
    const app = express().use('/graphql', handler);
    const server = app.listen(0, '127.0.0.1');
    server.on('upgrade', upgrade);
    await new Promise((resolve) => server.once('listening', resolve));
    this.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    this.end = async () => {
      endSubscriptions();
      await stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
  }

  private counted<Port extends object>(name: string, port: Port): Port {
    return new Proxy(port, {
      get: (target, method) => {
        const value: unknown = Reflect.get(target, method, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          const key = `${name}.${String(method)}`;
          this.calls.set(key, this.callsOf(key) + 1);
          return value.apply(target, args);
        };
      },
    });
  }
}

/** Puts an API key into the store, whatever the guards would say. */
export async function addKey(
  world: World,
  fields: Pick<ApiKey, 'name' | 'role'> & Partial<ApiKey>,
): Promise<{ readonly key: ApiKey; readonly token: string }> {
  const { token, hash, hint } = newSecretToken('admin');
  const key: ApiKey = {
    id: `key-${hash.slice(0, 12)}`,
    hash,
    hint,
    createdAt: new Date(),
    ...fields,
  };
  await world.credentials.addApiKey(key);
  return { key, token };
}

const CREATE_TARGET = `mutation ($input: TargetCreateInput!) {
  targetCreate(input: $input) { target { id } userErrors { code message field } }
}`;

/** A target of the connector `phonebook`; answers its id. */
export async function createTarget(gateway: Gateway, name: string): Promise<string> {
  const input = {
    name,
    connector: 'phonebook',
    settings: { url: 'ldap://phonebook.example' },
    secrets: { bindPassword: 'Tr0ub4dor' },
  };
  const { targetCreate } = await gateway.data(CREATE_TARGET, { input });
  expect(targetCreate.userErrors).toEqual([]);
  return targetCreate.target.id as string;
}

const CREATE_RULE = `mutation ($input: SyncRuleCreateInput!) {
  syncRuleCreate(input: $input) {
    syncRule { id }
    secretToken
    basicKey
    userErrors { code message field }
  }
}`;

export interface CreatedRule {
  readonly id: string;
  readonly secretToken: string;
  readonly basicKey: string;
}

/** A rule that syncs to the targets. */
export async function createRule(
  gateway: Gateway,
  name: string,
  targetIds: readonly string[],
): Promise<CreatedRule> {
  const input = { name, syncAs: targetIds.map((targetId) => ({ targetId })) };
  const { syncRuleCreate } = await gateway.data(CREATE_RULE, { input });
  expect(syncRuleCreate.userErrors).toEqual([]);
  const { syncRule, secretToken, basicKey } = syncRuleCreate;
  return { id: syncRule.id, secretToken, basicKey };
}
