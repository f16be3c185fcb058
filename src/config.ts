/** The only reader of the environment. A wrong value stops the start with a message that names the variable. */
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import ConnectionString from 'mongodb-connection-string-url';
import { z } from 'zod';
import { StartError } from './start-error';

const flag = z.enum(['on', 'off'], { error: 'must be "on" or "off"' }).transform((v) => v === 'on');

const url = (...protocols: readonly string[]): z.ZodType<string> =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });

const file = z
  .string()
  .refine((name) => existsSync(name), { error: 'names a file that does not exist' });

/** Read as the driver does: a replica set names several hosts, which is no URL of the web. */
function isMongoUri(text: string): boolean {
  try {
    return new ConnectionString(text).hosts.length > 0;
  } catch {
    return false;
  }
}

const wholeNumber = (least: number, most: number): z.ZodType<number> =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most, {
      error: `must be a whole number from ${least} to ${most}`,
    })
    .transform(Number);

/** Every variable, with its meaning: docs/configuration.md is made of this. */
export const ENVIRONMENT = {
  PORT: wholeNumber(0, 65_535)
    .default(8080)
    .describe('TCP port to listen on; 0 takes any free one.'),
  HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on. Other than loopback needs TLS_CERT_FILE or TRUST_PROXY.'),
  PUBLIC_URL: url('http:', 'https:')
    .optional()
    .describe('What clients see in front of /scim/v2, when it is not http(s)://HOST:PORT.'),
  MONGODB_URI: z
    .string()
    .refine(isMongoUri, {
      error:
        'must be a MongoDB connection string: mongodb://host:port,host:port/database?replicaSet=...',
    })
    .optional()
    .describe('MongoDB to keep everything in. Unset: the embedded store in DATA_DIR.'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe(
      "Folder of the embedded store, the generated encryption key, schemas for all rules and connectors' own files.",
    ),
  ADMIN_API_KEY: z
    .string()
    .min(32, { error: 'must have at least 32 characters' })
    .optional()
    .describe(
      'Bootstrap administrator key. Unset: one is generated at the first start and printed once.',
    ),
  ENCRYPTION_KEY: z
    .string()
    .refine((text) => Buffer.from(text, 'base64').length === 32, {
      error: 'must be 32 bytes in base64; make one with: openssl rand -base64 32',
    })
    .transform((text) => Buffer.from(text, 'base64'))
    .optional()
    .describe(
      'Encrypts the secrets of targets: 32 bytes in base64. Required with MONGODB_URI; otherwise generated into DATA_DIR.',
    ),
  TLS_CERT_FILE: file.optional().describe('PEM certificate chain; Usher then speaks HTTPS.'),
  TLS_KEY_FILE: file.optional().describe('PEM private key of TLS_CERT_FILE.'),
  TRUST_PROXY: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Addresses of reverse proxies whose X-Forwarded headers are believed, as Express takes them: "loopback", "10.0.0.0/8", or a number of hops.',
    ),
  CONNECTORS: z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter((name) => name !== ''))
    .describe(
      'npm packages with further connectors, separated by commas; a name that begins with ./, ../ or / is a folder.',
    ),
  WORKERS: wholeNumber(1, 256)
    .default(16)
    .describe('Deliveries at the same time to one target, at most.'),
  AUDIT_RETENTION_DAYS: wholeNumber(1, 36_500)
    .default(400)
    .describe('How many days events of the audit trail are kept.'),
  QUICKSTART: flag
    .default(true)
    .describe(
      '"on": an empty embedded store gets a first rule with a RADIUS and a SAML target. "off": it stays empty.',
    ),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be one of trace, debug, info, warn, error, fatal, silent',
    })
    .default('info')
    .describe('How much is logged.'),
};

const schema = z.object(ENVIRONMENT);

export type Config = z.output<typeof schema>;

/** Reads and checks the environment. An empty variable counts as unset. Throws {@link StartError}. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(ENVIRONMENT)
      .map((name) => [name, environment[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(given);
  if (!result.success) {
    throw new StartError(
      result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}.`).join('\n'),
    );
  }
  const problems = contradictions(result.data);
  if (problems.length > 0) throw new StartError(problems.join('\n'));
  return result.data;
}

/** Values that are right each for itself and wrong together. */
function contradictions(config: Config): string[] {
  const problems: string[] = [];
  if (config.MONGODB_URI !== undefined && config.ENCRYPTION_KEY === undefined) {
    problems.push(
      'ENCRYPTION_KEY is required with MONGODB_URI, since every process needs the same one; make it with: openssl rand -base64 32',
    );
  }
  if ((config.TLS_CERT_FILE === undefined) !== (config.TLS_KEY_FILE === undefined)) {
    problems.push('TLS_CERT_FILE and TLS_KEY_FILE go together: set both or neither.');
  }
  if (
    !isLoopback(config.HOST) &&
    config.TLS_CERT_FILE === undefined &&
    config.TRUST_PROXY === undefined
  ) {
    problems.push(
      `HOST is ${config.HOST}, which others can reach, and tokens would travel in clear text. Set TLS_CERT_FILE and TLS_KEY_FILE, or TRUST_PROXY when a proxy in front speaks HTTPS, or HOST=127.0.0.1.`,
    );
  }
  return problems;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
