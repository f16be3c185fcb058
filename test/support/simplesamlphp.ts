/**
 * A private SimpleSAMLphp as identity provider: own folder, own loopback port, PHP's own server. Sources of users, metadata
 * and filter are the ones shipped in connectors/saml/simplesamlphp, with places and names put in.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  findProgram,
  freePort,
  type Requirement,
  run,
  stopProcess,
  temporaryFolder,
  waitForPort,
} from './daemon';

export const SIMPLESAMLPHP: Requirement = {
  program: 'simplesamlphp',
  package: 'simplesamlphp php-cli php-sqlite3 php-pgsql php-mysql php-xml php-mbstring php-curl',
  paths: ['/usr/share/simplesamlphp/www/module.php'],
};

export const PHP: Requirement = { program: 'php', package: 'php-cli', paths: ['/usr/bin/php'] };

/** Where the filter finds Usher's record. */
export type UserStore =
  | { readonly dsn: string; readonly username?: string; readonly password?: string }
  | { readonly folder: string };

/** A service provider the identity provider knows. */
export interface KnownServiceProvider {
  readonly entityId: string;
  readonly consumerUrl: string;
}

export interface SimpleSamlPhpOptions {
  readonly serviceProviders: readonly KnownServiceProvider[];
  /** Options of the shipped filter; left out, there is none and whoever has the password comes in. */
  readonly filter?: { readonly store: UserStore; readonly by: string } & Readonly<
    Record<string, unknown>
  >;
  /** The shipped source sqlauth:SQL on that database, with these settings of it. */
  readonly login?: Readonly<Record<string, string>>;
  /** Users of an example source, with their attributes, by `name:password`. */
  readonly users?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** The shipped source saml:SP, for users of that identity provider. */
  readonly upstream?: SimpleSamlPhp;
  /** Attribute whose value is the NameID; for identity providers without the filter. */
  readonly nameIdAttribute?: string;
  /** Further filters, as PHP. */
  readonly authproc?: string;
  readonly port?: number;
}

/** A running identity provider. */
export interface SimpleSamlPhp {
  readonly entityId: string;
  readonly url: string;
  readonly entryPoint: string;
  /** PEM. */
  readonly certificate: string;
  /** Tells it of a further service provider. */
  know(serviceProvider: KnownServiceProvider): void;
  log(): string;
  stop(): Promise<void>;
}

const HOME = '/usr/share/simplesamlphp';
const SHIPPED = path.join(__dirname, '../../connectors/saml/simplesamlphp');
const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';

/** A value as PHP source. */
function php(value: unknown): string {
  if (typeof value === 'string') return `'${value.replace(/[\\']/g, '\\$&')}'`;
  if (Array.isArray(value)) return `[${value.map(php).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `[${Object.entries(value)
      .map(([key, one]) => `${php(key)} => ${php(one)}`)
      .join(', ')}]`;
  }
  return JSON.stringify(value);
}

function mainConfiguration(folder: string, port: number): string {
  const settings = {
    baseurlpath: `http://127.0.0.1:${port}/`,
    certdir: `${folder}/cert/`,
    loggingdir: `${folder}/log/`,
    datadir: `${folder}/data/`,
    tempdir: `${folder}/tmp`,
    metadatadir: `${folder}/metadata`,
    secretsalt: 'salt of a test',
    'auth.adminpassword': 'password of a test',
    technicalcontact_email: 'na@example.org',
    timezone: 'UTC',
    'logging.handler': 'file',
    'logging.logfile': 'ssp.log',
    showerrors: true,
    errorreporting: false,
    'enable.saml20-idp': true,
    'session.cookie.secure': false,
    'session.phpsession.savepath': `${folder}/tmp`,
    // Cookies know no ports, and several identity providers share the host.
    'session.phpsession.cookiename': `SSP${port}`,
    'session.cookie.name': `SSPS${port}`,
    'session.authtoken.cookiename': `SSPA${port}`,
    'store.type': 'phpsession',
    'language.default': 'en',
    'language.available': ['en'],
    'module.enable': { core: true, saml: true, sqlauth: true, exampleauth: true },
    'theme.use': 'default',
    attributenamemapdir: '/etc/simplesamlphp/attributemap/',
    'metadata.sources': [{ type: 'flatfile' }],
    'trusted.url.domains': [],
  };
  return `<?php
require_once ${php(`${SHIPPED}/usher.php`)};
$config = ${php(settings)} + ['logging.level' => SimpleSAML\\Logger::INFO, 'authproc.idp' => [], 'authproc.sp' => []];
`;
}

function sources(options: SimpleSamlPhpOptions, url: string, entityId: string): string {
  const { login = {}, users = {}, upstream } = options;
  return `<?php
require ${php(`${SHIPPED}/authsources.php`)};
$config['usher-login'] = ${php(login)} + $config['usher-login'];
$config['usher-login']['query'] = str_replace('https://idp.example/idp', ${php(entityId)}, $config['usher-login']['query']);
$config['usher-bridge'] = ${php({ entityID: `${url}/bridge-sp`, idp: upstream?.entityId ?? 'none' })} + $config['usher-bridge'];
$config['example'] = ['exampleauth:UserPass'] + ${php(users)};
`;
}

function sourceOf({ upstream, users }: SimpleSamlPhpOptions): string {
  if (upstream) return 'usher-bridge';
  return users ? 'example' : 'usher-login';
}

function hosted(options: SimpleSamlPhpOptions, entityId: string): string {
  const { filter, nameIdAttribute, authproc = '' } = options;
  const own =
    nameIdAttribute === undefined
      ? ''
      : `$idp['authproc'][10] = ${php({ class: 'saml:AttributeNameID', attribute: nameIdAttribute, Format: PERSISTENT })};`;
  return `<?php
require ${php(`${SHIPPED}/saml20-idp-hosted.php`)};
$idp = $metadata['https://idp.example/idp'];
$idp['auth'] = ${php(sourceOf(options))};
${filter ? `$idp['authproc'][50] = ${php(filter)} + $idp['authproc'][50];` : "unset($idp['authproc'][50]);"}
${own}
${authproc}
$metadata = [${php(entityId)} => $idp];
`;
}

function metadataOfServiceProviders(known: readonly KnownServiceProvider[]): string {
  const lines = known.map(
    ({ entityId, consumerUrl }) =>
      `$metadata[${php(entityId)}] = ${php({ AssertionConsumerService: consumerUrl })};`,
  );
  return ['<?php', ...lines, ''].join('\n');
}

async function makeKey(folder: string): Promise<string> {
  const [key, certificate] = [`${folder}/cert/server.pem`, `${folder}/cert/server.crt`];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=idp.test'],
    ...['-keyout', key, '-out', certificate],
  ]);
  return readFileSync(certificate, 'utf8');
}

/** Starts an identity provider; ready when its port answers. */
export async function startSimpleSamlPhp(options: SimpleSamlPhpOptions): Promise<SimpleSamlPhp> {
  const program = findProgram(PHP);
  if (!program) throw new Error(`${PHP.program} is not installed`);
  const { path: folder, remove } = temporaryFolder('usher-ssp-');
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const entityId = `${url}/idp`;
  for (const name of ['config', 'metadata', 'cert', 'log', 'data', 'tmp']) {
    mkdirSync(path.join(folder, name));
  }
  const certificate = await makeKey(folder);
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
  write('config/config.php', mainConfiguration(folder, port));
  write('config/authsources.php', sources(options, url, entityId));
  write('metadata/saml20-idp-hosted.php', hosted(options, entityId));
  const known = [...options.serviceProviders];
  const tell = (): void =>
    write('metadata/saml20-sp-remote.php', metadataOfServiceProviders(known));
  tell();
  if (options.upstream) {
    const { upstream } = options;
    const metadata = {
      SingleSignOnService: upstream.entryPoint,
      certData: upstream.certificate.replace(/-----[^-]+-----|\s/g, ''),
    };
    write(
      'metadata/saml20-idp-remote.php',
      `<?php\n$metadata[${php(upstream.entityId)}] = ${php(metadata)};\n`,
    );
    upstream.know({
      entityId: `${url}/bridge-sp`,
      consumerUrl: `${url}/module.php/saml/sp/saml2-acs.php/usher-bridge`,
    });
  }
  let output = '';
  const child: ChildProcess = spawn(
    program,
    [
      ...['-d', 'error_reporting=E_ALL & ~E_DEPRECATED', '-d', 'display_errors=0'],
      // Metadata that is told later must not come from a cache.
      ...['-d', 'opcache.enable=0', '-d', `session.save_path=${folder}/tmp`],
      ...['-S', `127.0.0.1:${port}`, '-t', `${HOME}/www`],
    ],
    {
      // Workers of PHP's server would survive it.
      env: { PATH: process.env['PATH'], SIMPLESAMLPHP_CONFIG_DIR: `${folder}/config` },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  await waitForPort(port, child);
  return {
    entityId,
    url,
    entryPoint: `${url}/saml2/idp/SSOService.php`,
    certificate,
    know: (serviceProvider) => {
      known.push(serviceProvider);
      tell();
    },
    log: () => {
      try {
        return readFileSync(`${folder}/log/ssp.log`, 'utf8') + output;
      } catch {
        return output;
      }
    },
    stop: async () => {
      await stopProcess(child, 'SIGKILL');
      remove();
    },
  };
}
