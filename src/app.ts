/** The composition root: the only place that knows everybody. */
import path from 'node:path';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { type ConnectorRegistry, loadConnectors } from '../connectors/registry';
import packageJson from '../package.json';
import { type Administration, createAdministration } from './administration/administration';
import { type Config } from './config';
import { createDeliveryEngine, type DeliveryEngine } from './delivery/engine';
import { Provisioning } from './domain/provisioning';
import { type SchemasOf } from './domain/schema-table';
import { standardSchemas } from './domain/standard-schemas';
import { type EmbeddedMongo, startEmbeddedMongo } from './embedded-mongo';
import { encryptionKeyIn } from './encryption-key';
import { createGraphqlMiddleware, type GraphqlMiddleware } from './graphql/middleware';
import { type Listener, listen } from './listen';
import { quickStart } from './quick-start';
import { createScimRouter } from './scim/router';
import { StartError } from './start-error';
import { createStatusRouter } from './status';
import { RuleAccessCache, forgetful } from './store/rule-access';
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

/** Starts everything. `print` takes the lines of a first start, meant for people and scripts. */
export async function startApp(config: Config, print: (line: string) => void): Promise<App> {
  throw new Error(String([config, print]));
}
