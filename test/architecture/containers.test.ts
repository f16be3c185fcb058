/** docker-compose.yml and the images, as far as it can be seen without a container engine. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { loadConnectors } from '../../connectors/registry';
import { ENVIRONMENT, readConfig } from '../../src/config';
import { makeCertificate } from '../support/slapd';

const ROOT = path.join(__dirname, '../..');
const text = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[]; readonly disable?: boolean };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

const composeText = text('docker-compose.yml');
const compose = parse(composeText) as Compose;
const services = Object.entries(compose.services);

/** The folder a service is built from, and its Dockerfile. */
function buildOf({ build }: Service): { context: string; dockerfile: string } | undefined {
  if (build === undefined) return undefined;
  return {
    context: build.context,
    dockerfile: path.join(build.context, build.dockerfile ?? 'Dockerfile'),
  };
}

const builds = services.flatMap(([, service]) => buildOf(service) ?? []);

interface Instruction {
  readonly name: string;
  readonly args: string;
}

/** Instructions without comments, continued lines joined. */
function instructions(dockerfile: string): Instruction[] {
  return text(dockerfile)
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => {
      const [name = '', ...args] = line.split(/\s+/);
      return { name, args: args.join(' ') };
    });
}

function argsOf(dockerfile: string, name: string): string[] {
  return instructions(dockerfile)
    .filter((instruction) => instruction.name === name)
    .map(({ args }) => args);
}

/** `name:1.2.3-variant`: at least major and minor, so that nothing changes by itself. */
const PINNED = /^[a-z0-9][a-z0-9./-]*:\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?(@sha256:[0-9a-f]{64})?$/;

/** The names and values of a file in the form of .env. */
function dotenv(content: string): Record<string, string> {
  const lines = content.split('\n').filter((line) => /^[A-Z]/.test(line));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

const example = dotenv(text('.env.example'));

/** What `sh .docker/make-env.sh` writes. */
function generated(): Record<string, string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'usher-env-'));
  try {
    cpSync(path.join(ROOT, '.env.example'), path.join(folder, '.env.example'));
    cpSync(path.join(ROOT, '.docker/make-env.sh'), path.join(folder, '.docker/make-env.sh'));
    execFileSync('sh', [path.join(folder, '.docker/make-env.sh')]);
    return dotenv(readFileSync(path.join(folder, '.env'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The environment of a service with the variables of .env put in, as Compose does it. */
function environmentOf(service: string, variables: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(compose.services[service]?.environment ?? {}).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)[^}]*\}/g, (_all, variable: string) => variables[variable] ?? ''),
    ]),
  );
}

describe('images', () => {
  it('are built here or pinned by an exact tag', () => {
    const images = services.flatMap(([, service]) => service.image ?? []);
    expect(images.length + builds.length).toBe(services.length);
    for (const image of images) expect(image).toMatch(PINNED);
  });

  it.each(builds)('$dockerfile begins with a pinned image', ({ dockerfile }) => {
    const stages = argsOf(dockerfile, 'FROM').map((args) => args.split(' ')[0]);
    expect(stages.length).toBeGreaterThan(0);
    for (const image of stages) expect(image).toMatch(PINNED);
  });

  it.each(builds)('$dockerfile ends as a user that is not root', ({ dockerfile }) => {
    expect(argsOf(dockerfile, 'USER').at(-1)).toMatch(/^(?!root\b|0\b)/);
    const after = instructions(dockerfile).slice(
      instructions(dockerfile).findIndex(({ name }) => name === 'USER') + 1,
    );
    expect(after.map(({ name }) => name)).not.toContain('RUN');
  });

  it.each(builds)('$dockerfile says how to see that it is healthy', ({ dockerfile }) => {
    expect(argsOf(dockerfile, 'HEALTHCHECK')).toHaveLength(1);
  });

  it.each(builds)('$dockerfile copies what exists and what the context holds', (build) => {
    const ignored = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n');
    const sources = argsOf(build.dockerfile, 'COPY')
      .filter((args) => !args.startsWith('--from='))
      .flatMap((args) => args.split(' ').slice(0, -1));
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect(existsSync(path.join(ROOT, build.context, source))).toBe(true);
      if (build.context !== '.') continue;
      expect(ignored.some((line) => line.startsWith('!') && source.startsWith(line.slice(1)))).toBe(
        true,
      );
    }
  });

  it('keep everything out of the build that is not named', () => {
    const lines = text('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines[0]).toBe('*');
    expect(lines.slice(1).every((line) => line.startsWith('!'))).toBe(true);
    expect(lines.filter((line) => /\.env|node_modules|\.git$/.test(line))).toEqual([]);
  });

  it('start the gateway as "npm start" does', () => {
    const { scripts } = JSON.parse(text('package.json')) as { scripts: { start: string } };
    const [command = ''] = argsOf('.docker/Dockerfile', 'CMD');
    expect((JSON.parse(command) as string[]).join(' ')).toBe(scripts.start.split(' && ').at(-1));
  });
});

describe('docker-compose.yml', () => {
  it.each(services)('%s has a health check', (_name, { healthcheck }) => {
    expect(healthcheck?.disable).toBeUndefined();
    expect(healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/);
  });

  it('publishes ports on loopback only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:[^:]+(:-\d+\})?:\d+(\/udp)?$/);
  });

  it('keeps the database where only the gateway is', () => {
    const neighbours = services
      .filter(([, { networks }]) => networks?.includes('store'))
      .map(([name]) => name);
    expect(neighbours.sort()).toEqual(['mongodb', 'usher']);
    expect(compose.services['mongodb']?.networks).toEqual(['store']);
    expect(compose.networks['store']).toEqual({ internal: true });
  });

  it.each(services)('%s uses declared networks and volumes, and files that exist', (_, service) => {
    for (const network of service.networks ?? []) expect(compose.networks).toHaveProperty(network);
    for (const volume of service.volumes ?? []) {
      const source = volume.split(':')[0] ?? '';
      if (source.startsWith('.')) {
        expect(existsSync(path.join(ROOT, source))).toBe(true);
        expect(volume.endsWith(':ro')).toBe(true);
      } else {
        expect(Object.keys(compose.volumes)).toContain(source);
      }
    }
  });

  it('gives the gateway only variables it knows', () => {
    const known = new Set([...Object.keys(ENVIRONMENT), 'NODE_ENV']);
    const given = Object.keys(compose.services['usher']?.environment ?? {});
    const built = argsOf('.docker/Dockerfile', 'ENV').flatMap((args) =>
      args.split(' ').map((pair) => pair.split('=')[0] ?? ''),
    );
    expect([...given, ...built].filter((name) => !known.has(name))).toEqual([]);
  });

  it('uses what .env.example names, and nothing else', () => {
    const used = new Set([...composeText.matchAll(/\$\{(\w+)/g)].map((match) => match[1]));
    expect([...used].sort()).toEqual(Object.keys(example).sort());
  });

  it('holds no secret: each is demanded, and empty in .env.example', () => {
    const secrets = Object.keys(example).filter((name) => /PASSWORD|SECRET|KEY/.test(name));
    for (const name of secrets) {
      expect(example[name]).toBe('');
      expect(composeText).toContain(`\${${name}:?}`);
      expect(composeText).not.toMatch(new RegExp(`\\$\\{${name}(?!:\\?\\})`));
    }
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|KEY/.test(name)) expect(value).toMatch(/^\$\{\w+:\?\}$/);
      }
    }
  });

  it('starts the gateway with an environment it accepts', () => {
    const environment = environmentOf('usher', generated());
    expect(readConfig(environment)).toMatchObject({ HOST: '0.0.0.0', PORT: 8080 });
    expect(() => readConfig({ ...environment, TRUST_PROXY: '' })).toThrow('HOST is 0.0.0.0');
    expect(() => readConfig({ ...environment, ENCRYPTION_KEY: '' })).toThrow('ENCRYPTION_KEY');
  });
});

describe('the scripts of the containers', () => {
  it('make a value for every secret, each another one', () => {
    const values = generated();
    const filled = Object.entries(values).filter(([name]) => example[name] === '');
    const secrets = filled.filter(([name]) => name !== 'PUBLIC_URL').map(([, value]) => value);
    expect(Object.keys(values)).toEqual(Object.keys(example));
    expect(secrets.every((value) => value.length >= 32)).toBe(true);
    expect(new Set(secrets).size).toBe(secrets.length);
    expect(values['PUBLIC_URL']).toBe('');
  });

  it('put the database into the module the RADIUS connector ships', () => {
    const replaced = /^sed 's\/(.*?)\//m.exec(text('.docker/freeradius/start.sh'))?.[1] ?? '';
    const lines = text('connectors/radius/freeradius/sql-postgresql.conf').split('\n');
    expect(lines.filter((line) => new RegExp(replaced).test(line))).toHaveLength(1);
  });
});

describe('docs/deployment.md', () => {
  const doc = text('docs/deployment.md');
  const blocks = [...doc.matchAll(/^```json target=(\w+)\n([^]*?)^```/gm)];
  const connectors = loadConnectors();

  it.each(blocks.map(([, id = '', json = '']) => [id, json]))(
    'shows settings the connector %s accepts',
    async (id, json) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'usher-tls-'));
      const pem = await makeCertificate(folder).finally(() => rmSync(folder, { recursive: true }));
      const { settings, secrets } = JSON.parse(
        json.replace('<PEM>', pem.replace(/\n/g, '\\n')),
      ) as {
        settings: unknown;
        secrets: unknown;
      };
      expect(connectors.get(id)?.parse(settings, secrets)).toMatchObject({ settings, secrets });
    },
  );

  it('shows settings for each directory Compose starts', () => {
    expect(blocks.map(([, id]) => id)).toEqual(['ldap', 'radius']);
  });

  it('names every image', () => {
    const images = [
      ...services.flatMap(([, service]) => service.image ?? []),
      ...builds.flatMap(({ dockerfile }) => argsOf(dockerfile, 'FROM').map((a) => a.split(' ')[0])),
    ];
    for (const image of images) expect(doc).toContain(`\`${image}\``);
  });
});
