/** The composition root: the only place that knows everybody. */
import path from 'node:path';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { ConnectorLoadError, type ConnectorRegistry, loadConnectors } from '../connectors/registry';
import packageJson from '../package.json';
import { type Administration, createAdministration } from './administration/administration';
import { type Config } from './config';
import { type Database, openDatabase } from './database';
import { createDeliveryEngine, type DeliveryEngine } from './delivery/engine';
import { Provisioning } from './domain/provisioning';
import { type SchemasOf } from './domain/schema-table';
import { standardSchemas } from './domain/standard-schemas';
import { firstStartLines } from './first-start';
import { createGraphqlMiddleware, type GraphqlMiddleware } from './graphql/middleware';
import { type Listener, listen } from './listen';
import { quickStart } from './quick-start';
import {
  createScimAuthenticator,
  createScimRouter,
  SCIM_PATH,
  type ScimAuthenticator,
} from './scim';
import { StartError } from './start-error';
import { createStatusRouter } from './status';
import { forgetful, RuleAccessCache } from './store/rule-access';
import { openStore, type Store } from './store/store';
import { createLogger, type Logger } from './telemetry/logger';

export interface App {
  /** Where it listens. */
  readonly url: string;
  /** Resolves when the process can no longer do its work and should end. */
  readonly failed: Promise<Error>;
  /** Finishes what is running, for a few seconds, and ends. */
  stop(): Promise<void>;
}

/** How long running requests and deliveries may take to finish when the process ends. */
const STOP_GRACE_MS = 5_000;

/** Starts everything. `print` takes lines that are meant for people and scripts. */
export async function startApp(config: Config, print: (line: string) => void): Promise<App> {
  const log = createLogger(config.LOG_LEVEL);
  const registry = connectors(config);
  const database = await openDatabase(config);
  const store = await open(database);
  const engine = createEngine(config, registry, store, log);
  const access = new RuleAccessCache(store.credentials, store.syncRules);
  const administration = createAdministrators(store, engine, access);
  const administratorKey = await administration.apiKeys.ensureBootstrapKey(config.ADMIN_API_KEY);
  const started =
    config.QUICKSTART && database.isEmbedded ? await quickStart(store, administration) : undefined;

  // Known before listening only when it was configured: PORT may be 0.
  let url = config.PUBLIC_URL?.replace(/\/+$/, '');
  const publicUrl = (): string => url ?? '';
  const graphql = await createGraphqlMiddleware({
    administration,
    ports: { ...store, directories: engine.directories },
    publicUrl,
    log,
  });
  const app = createExpress({ config, store, engine, access, graphql, publicUrl, log });
  const listener = await listen(app, {
    host: config.HOST,
    port: config.PORT,
    certificateFile: config.TLS_CERT_FILE,
    keyFile: config.TLS_KEY_FILE,
  });
  url ??= listener.url;
  engine.start();
  const lines = firstStartLines({
    url: publicUrl(),
    secretToken: started?.secretToken,
    administratorKey,
    dataDir: path.resolve(config.DATA_DIR),
  });
  for (const line of lines) print(line);
  return running({ listener, graphql, engine, store, database, log });
}

function connectors(config: Config): ConnectorRegistry {
  try {
    return loadConnectors(config.CONNECTORS);
  } catch (error) {
    if (error instanceof ConnectorLoadError) throw new StartError(error.message);
    throw error;
  }
}

/** Every rule has the standard schemas. */
const schemas: SchemasOf = () => standardSchemas;

async function open(database: Database): Promise<Store> {
  try {
    return await openStore({ ...database, schemas });
  } catch (error) {
    await database.close();
    if (database.isEmbedded) throw error;
    throw new StartError(
      `MONGODB_URI names a database that cannot be used: ${(error as Error).message}`,
    );
  }
}

function createEngine(
  config: Config,
  registry: ConnectorRegistry,
  store: Store,
  log: Logger,
): DeliveryEngine {
  return createDeliveryEngine({
    resources: store.resources,
    journal: store.memberships,
    rules: store.syncRules,
    targets: store.targets,
    queue: store.bindings,
    fanOut: store.fanOut,
    deltas: store.membershipDeltas,
    registry,
    schemas,
    workers: config.WORKERS,
    dataDir: path.resolve(config.DATA_DIR),
    log: (level, message, fields = {}) => log[level](fields, message),
  });
}

function createAdministrators(
  store: Store,
  engine: DeliveryEngine,
  access: RuleAccessCache,
): Administration {
  return createAdministration({
    syncRules: forgetful(store.syncRules, ['setEnabled', 'startDeletion'], access),
    targets: store.targets,
    credentials: forgetful(store.credentials, ['expireRuleCredentials'], access),
    directories: engine.directories,
    delivery: engine.control,
  });
}

interface Web {
  readonly config: Config;
  readonly store: Store;
  readonly engine: DeliveryEngine;
  readonly access: RuleAccessCache;
  readonly graphql: GraphqlMiddleware;
  readonly publicUrl: () => string;
  readonly log: Logger;
}

function createExpress(web: Web): Express {
  const { config, store, engine, graphql, publicUrl, log } = web;
  const app = express();
  app.disable('x-powered-by');
  // SCIM has ETags of its own (RFC 7644 section 3.14).
  app.disable('etag');
  if (config.TRUST_PROXY !== undefined) app.set('trust proxy', trustProxy(config.TRUST_PROXY));
  app.use(
    SCIM_PATH,
    createScimRouter({
      provisioning: new Provisioning({
        store: store.resources,
        schemas,
        changes: engine.changeListener,
      }),
      schemas,
      authenticate: authenticator(web),
      publicUrl: (request) =>
        config.PUBLIC_URL === undefined && config.TRUST_PROXY !== undefined
          ? `${request.protocol}://${request.host}`
          : publicUrl(),
      log,
    }),
  );
  app.use(helmet());
  app.use('/graphql', graphql.handler);
  app.use(createStatusRouter({ isReady: () => store.isReachable(), version: packageJson.version }));
  return app;
}

/** Lets a rule in, and notes when it was last heard of. */
function authenticator({ store, access, log }: Web): ScimAuthenticator {
  const authenticate = createScimAuthenticator((hash) => access.find(hash));
  const note = (promise: Promise<void>): void => {
    promise.catch((error: unknown) => log.warn({ err: error }, 'Could not note the use of a rule'));
  };
  return async (headers) => {
    const rule = await authenticate(headers);
    note(store.syncRules.touch(rule.id, headers['user-agent']));
    return rule;
  };
}

function trustProxy(value: string): string | number {
  return /^\d+$/.test(value) ? Number(value) : value;
}

interface Parts {
  readonly listener: Listener;
  readonly graphql: GraphqlMiddleware;
  readonly engine: DeliveryEngine;
  readonly store: Store;
  readonly database: Database;
  readonly log: Logger;
}

function running({ listener, graphql, engine, store, database, log }: Parts): App {
  log.info({ url: listener.url }, 'Usher is listening');
  void database.failed.then((error) => log.fatal({ err: error }, 'The embedded store failed'));
  return {
    url: listener.url,
    failed: database.failed,
    stop: async () => {
      log.info('Usher is stopping');
      // First nothing new comes in, then what is running ends, then what it stands on.
      await listener.close(STOP_GRACE_MS);
      await graphql.stop();
      await engine.stop();
      await store.close();
      await database.close();
    },
  };
}
