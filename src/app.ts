/** The composition root: the only place that knows everybody. */
import path from 'node:path';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { type Registry } from 'prom-client';
import { ConnectorLoadError, loadConnectors } from '../connectors/registry';
import { type ConnectorRegistry } from '../connectors/spi';
import packageJson from '../package.json';
import { type Administration, createAdministration } from './administration/administration';
import { acceptFileDefinitions, allRules } from './administration/file-definitions';
import { type Config } from './config';
import { type Database, openDatabase } from './database';
import { systemClock } from './delivery/clock';
import { createDeliveryEngine, type DeliveryEngine } from './delivery/engine';
import { describeError } from './delivery/log';
import { extendedTable } from './domain/extended-table';
import { Profiles } from './domain/profile';
import { Provisioning } from './domain/provisioning';
import { RuleSchemas } from './domain/rule-schemas';
import { standardSchemas } from './domain/standard-schemas';
import {
  type Print,
  printAddresses,
  printAdministratorKey,
  printFirstSteps,
  printSecretToken,
} from './first-start';
import { createGraphqlMiddleware, type GraphqlMiddleware } from './graphql/middleware';
import { answerFailures } from './failed-requests';
import { type Listener, listen } from './listen';
import { createMetricsRouter, observeBindings, observeCalls, observeRequests } from './observation';
import { quickStart } from './quick-start';
import {
  createScimAuthenticator,
  createScimRouter,
  SCIM_PATH,
  type ScimAuthenticator,
} from './scim';
import { readSchemaFiles, type SchemaFiles } from './schema-files';
import { StartError } from './start-error';
import { createStatusRouter } from './status';
import { forgetful, RuleAccessCache } from './store/rule-access';
import { openStore, type Store } from './store/store';
import { createTargetRequests, TARGETS_PATH } from './target-requests';
import { createLogger, type Logger } from './telemetry/logger';
import { createMetrics } from './telemetry/metrics';
import { createLogoRouter, LOGO_PATH } from './token-logo-images';

export interface App {
  /** Where it listens. */
  readonly url: string;
  /** Resolves when the process can no longer do its work and should end. */
  readonly failed: Promise<Error>;
  /** Finishes what is running, for a few seconds, and ends. */
  stop(): Promise<void>;
}

/** How long running requests may take to finish when the process ends; deliveries have as long, at the same time. */
const STOP_GRACE_MS = 4_000;

/** Starts everything, or leaves nothing behind. `print` takes lines that are meant for people and scripts. */
export async function startApp(config: Config, print: Print): Promise<App> {
  const log = createLogger(config.LOG_LEVEL);
  surviveStrayRejections(log);
  const registry = connectors(config);
  const schemaFiles = readSchemaFiles(config.DATA_DIR);
  // The port first: where it is taken, nothing has been made that would be stranded.
  const listener = await listen({
    host: config.HOST,
    port: config.PORT,
    certificateFile: config.TLS_CERT_FILE,
    keyFile: config.TLS_KEY_FILE,
  });
  const opened: Opened = { running: [], ground: [] };
  /** First what is running ends, and nothing new begins; then what it stands on. */
  const stop = async (): Promise<void> => {
    const running = opened.running.splice(0).map((end) => end());
    await Promise.all([listener.close(STOP_GRACE_MS), ...running]);
    for (const close of opened.ground.splice(0).reverse()) await close();
  };
  try {
    const parts = await open({ config, registry, schemaFiles, listener, log }, opened);
    await begin(config, parts, print);
    log.info({ url: listener.url }, 'Usher is listening');
    return {
      url: listener.url,
      failed: parts.database.failed,
      stop: async () => {
        log.info('Usher is stopping');
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Connectors are other people's code: what they do behind everybody's back must not end the process. */
function surviveStrayRejections(log: Logger): void {
  process.on('unhandledRejection', (reason) => {
    log.error(describeError(reason), 'A promise failed that nobody waits for');
  });
}

interface Parts {
  readonly listener: Listener;
  readonly url: string;
  readonly database: Database;
  readonly store: Store;
  readonly schemas: RuleSchemas;
  readonly engine: DeliveryEngine;
  readonly access: RuleAccessCache;
  readonly administration: Administration;
  readonly provisioning: Provisioning;
  readonly graphql: GraphqlMiddleware;
  readonly metrics: Registry;
  readonly log: Logger;
}

interface Ground {
  readonly config: Config;
  readonly registry: ConnectorRegistry;
  readonly schemaFiles: SchemaFiles;
  readonly listener: Listener;
  readonly log: Logger;
}

/** How to end what was opened: what is running, all at the same time, then what it stands on, the last one first. */
interface Opened {
  readonly running: (() => Promise<void>)[];
  readonly ground: (() => Promise<void>)[];
}

/** Opens every part in the order in which one stands on the other; `opened` takes how to close them. */
async function open(
  { config, registry, schemaFiles, listener, log }: Ground,
  opened: Opened,
): Promise<Parts> {
  const url = config.PUBLIC_URL?.replace(/\/+$/, '') ?? listener.url;
  const database = await openDatabase(config);
  opened.ground.push(() => database.close());
  void database.failed.then((error) => log.fatal({ err: error }, 'The embedded store failed'));
  const store = await openStoreOf(database);
  opened.ground.push(() => store.close());
  const schemas = await openSchemas(schemaFiles, store, log);
  const logoUrl = (id: string): string => `${url}${LOGO_PATH}/${id}`;
  const profiles = new Profiles((rule) => schemas.of(rule), logoUrl);
  const metrics = createMetrics(packageJson.version);
  observeBindings(metrics, store);
  const engine = createEngine({ config, registry, store, schemas, profiles, metrics, log });
  opened.running.push(() => engine.stop());
  const access = new RuleAccessCache(store.credentials, store.syncRules);
  const provisioning = new Provisioning({
    store: store.resources,
    changes: engine.changeListener,
  });
  const administration = createAdministrators({ store, engine, access, schemas, provisioning });
  const graphql = await createGraphqlMiddleware({
    administration,
    ports: { ...store, directories: engine.directories, profiles },
    watched: { ...store, auditTrail: store.audit.reader },
    publicUrl: () => url,
    logoUrl,
    log,
  });
  opened.running.push(() => graphql.stop());
  const administrators = { access, administration, provisioning, graphql };
  return { listener, url, database, store, schemas, engine, ...administrators, metrics, log };
}

/** Lets requests in and deliveries out, and tells a first start's secrets. */
async function begin(config: Config, parts: Parts, print: Print): Promise<void> {
  const { listener, url, database, store, engine, administration } = parts;
  printAddresses(url, print);
  const administratorKey = await administration.apiKeys.ensureBootstrapKey(config.ADMIN_API_KEY);
  if (administratorKey !== undefined) printAdministratorKey(administratorKey, print);
  const started =
    config.QUICKSTART && database.isEmbedded ? await quickStart(store, administration) : undefined;
  if (started !== undefined) printSecretToken(started.secretToken, print);
  listener.serve(createExpress(config, parts), {
    upgrade: parts.graphql.upgrade,
    closing: parts.graphql.endSubscriptions,
  });
  engine.start();
  if (started !== undefined && administratorKey !== undefined) {
    const dataDir = path.resolve(config.DATA_DIR);
    printFirstSteps({ url, administratorKey, dataDir, ...started }, print);
  }
}

function connectors(config: Config): ConnectorRegistry {
  try {
    return loadConnectors(config.CONNECTORS);
  } catch (error) {
    if (error instanceof ConnectorLoadError) throw new StartError(error.message);
    throw error;
  }
}

async function openStoreOf(database: Database): Promise<Store> {
  try {
    return await openStore(database);
  } catch (error) {
    if (database.isEmbedded) throw error;
    throw new StartError(
      `MONGODB_URI names a database that cannot be used: ${(error as Error).message}`,
    );
  }
}

/** The definitions of the files are every rule's from here on, unless what is stored is against it. */
async function openSchemas(files: SchemaFiles, store: Store, log: Logger): Promise<RuleSchemas> {
  const { acceptedDefinitions: accepted, storedValues, syncRules } = store;
  const issues = await acceptFileDefinitions(
    { accepted, storedValues, syncRules },
    files.definitions,
  );
  if (issues.length > 0) throw files.refusal(issues);
  const schemas = new RuleSchemas(extendedTable(standardSchemas, files.definitions));
  for await (const rule of allRules({ syncRules })) {
    const clashes = schemas.clashesOf(rule);
    if (clashes.length === 0) continue;
    log.error(
      { ruleId: rule.id, rule: rule.name, clashes },
      'A sync rule is not served: its schemas do not fit those that all rules have. Change them with syncRuleUpdate',
    );
  }
  return schemas;
}

function createEngine(
  parts: Pick<Ground, 'config' | 'registry' | 'log'> &
    Pick<Parts, 'store' | 'schemas' | 'metrics'> & { readonly profiles: Profiles },
): DeliveryEngine {
  const { config, registry, store, schemas, profiles, metrics, log } = parts;
  return createDeliveryEngine({
    resources: store.resources,
    journal: store.memberships,
    rules: store.syncRules,
    targets: store.targets,
    queue: store.bindings,
    fanOut: store.fanOut,
    deltas: store.membershipDeltas,
    references: store.entryReferences,
    rollouts: store.rollouts,
    operations: store.operations,
    sweeps: store.sweeps,
    bindings: store.bindings,
    guards: store.guards,
    held: store.heldBindings,
    amounts: store.guardedAmounts,
    registry,
    schemas: (rule) => schemas.of(rule),
    profiles,
    tokens: store.tokens,
    choices: store.otpChoices,
    reviews: store.ruleReviews,
    clock: { ...systemClock, now: store.now },
    audit: { ...store.audit, retentionDays: config.AUDIT_RETENTION_DAYS },
    workers: config.WORKERS,
    dataDir: path.resolve(config.DATA_DIR),
    observe: observeCalls(metrics),
    log: (level, message, fields = {}) => log[level](fields, message),
  });
}

function createAdministrators(
  parts: Pick<Parts, 'store' | 'engine' | 'access' | 'schemas' | 'provisioning'>,
): Administration {
  const { store, engine, access, schemas, provisioning } = parts;
  const ports = {
    syncRules: forgetful(store.syncRules, ['setEnabled', 'update', 'startDeletion'], access),
    targets: store.targets,
    credentials: forgetful(store.credentials, ['expireRuleCredentials'], access),
    directories: engine.directories,
    delivery: engine.control,
    provisioning,
    schemas,
    storedValues: store.storedValues,
    tokenLogos: store.tokenLogos,
    tokens: store.tokens,
    resources: store.resources,
    bindings: store.bindings,
    previews: engine.previews,
    operations: store.operations,
  };
  return createAdministration(ports, store.now);
}

function createExpress(config: Config, parts: Parts): Express {
  const { administration, database, store, engine, graphql, metrics, url, log } = parts;
  const app = express();
  app.disable('x-powered-by');
  // SCIM has ETags of its own (RFC 7644 section 3.14).
  app.disable('etag');
  if (config.TRUST_PROXY !== undefined) app.set('trust proxy', trustProxy(config.TRUST_PROXY));
  app.use(
    SCIM_PATH,
    observeRequests(metrics),
    createScimRouter({
      provisioning: parts.provisioning,
      schemas: (rule) => parts.schemas.of(rule),
      authenticate: authenticator(parts),
      publicUrl: (request) =>
        config.PUBLIC_URL === undefined && config.TRUST_PROXY !== undefined
          ? `${request.protocol}://${request.host}`
          : url,
      encryptionKey: database.encryptionKey,
      log,
    }),
  );
  app.use(helmet());
  app.use('/graphql', graphql.handler);
  app.use(TARGETS_PATH, createTargetRequests({ questions: engine.questions, log }));
  app.use(LOGO_PATH, createLogoRouter(store.tokenLogos));
  app.use(createMetricsRouter({ metrics, apiKeys: administration.apiKeys }));
  app.use(createStatusRouter({ isReady: () => store.isReachable(), version: packageJson.version }));
  app.use(answerFailures(log));
  return app;
}

/** Lets a rule in, and notes when it was last heard of. */
function authenticator({ store, access, log }: Parts): ScimAuthenticator {
  const note = (promise: Promise<void>): void => {
    promise.catch((error: unknown) => log.warn({ err: error }, 'Could not note the use of a rule'));
  };
  const authenticate = createScimAuthenticator(async (hash) => {
    const found = await access.find(hash);
    if (found) note(store.credentials.touch('rule', found.credential.id));
    return found;
  });
  return async (headers) => {
    const found = await authenticate(headers);
    note(store.syncRules.touch(found.rule.id, headers['user-agent']));
    return found;
  };
}

function trustProxy(value: string): string | number {
  return /^\d+$/.test(value) ? Number(value) : value;
}
