/** The connection test: everything provisioning will need, tried in order, with what to do about it. */
import { randomBytes } from 'node:crypto';
import { ConnectorError, type EntryKind, type TestStep } from '../spi';
import { Connection } from './connection';
import { dial } from './dial';
import { activationOf } from './activation';
import { addition } from './entry';
import { baseDn, namingAttribute, objectClasses } from './entry-kinds';
import { type Exchange } from './exchange';
import { toConnectorError } from './failures';
import { testFailoverServers, within } from './test-servers';
import { allowedAttributes, readSubschema, type Subschema } from './schema';
import { type LdapSecrets, type LdapSettings, serverAddress } from './settings';
import { PROFILES, settledProfile } from './vendor';
import { type Vendor } from './vendor/profile';

const KINDS: readonly EntryKind[] = ['user', 'group'];

function ok(name: string, message: string): TestStep {
  return { name, state: 'ok', message };
}

function failed(name: string, error: unknown, remedy: string): TestStep {
  const { message } = toConnectorError(error, { action: `test the ${name}` });
  return { name, state: 'failed', message, remedy };
}

async function testConnection(
  settings: LdapSettings,
  secrets: LdapSecrets,
  signal: AbortSignal,
): Promise<TestStep[]> {
  const { host, port, encryption } = serverAddress(settings);
  const dialing = dial(settings);
  try {
    await within(signal, dialing);
  } catch (error) {
    dialing.then((late) => late.destroy()).catch(() => undefined);
    return [
      failed('connection', error, 'Check the URL, the network and the certificate settings.'),
    ];
  }
  const how = { implicit: 'with TLS', startTls: 'with StartTLS', none: 'without encryption' };
  const reached = ok('connection', `${host}:${port} answers, ${how[encryption]}.`);
  const signing = dialing.then((socket) => Connection.signIn(socket, settings, secrets));
  try {
    await (await within(signal, signing)).close();
    return [reached, ok('sign-in', `${settings.bindDN} is signed in.`)];
  } catch (error) {
    signing.then((late) => late.destroy()).catch(() => undefined);
    return [reached, failed('sign-in', error, 'Check bindDN and bindPassword.')];
  }
}

async function testBases(exchange: Exchange, settings: LdapSettings): Promise<TestStep> {
  const { disabledContainerDN } = settings;
  const bases = [
    ...KINDS.map((kind) => baseDn(kind, settings)),
    ...(disabledContainerDN === undefined ? [] : [disabledContainerDN]),
  ];
  const found = await Promise.all(bases.map((base) => exchange.readDn(base, ['1.1'])));
  const missing = bases.filter((_, index) => !found[index]);
  if (missing.length === 0) return ok('bases', `${bases.join(' and ')} exist.`);
  return {
    name: 'bases',
    state: 'failed',
    message: `The directory shows no entry ${missing.join(' and ')}.`,
    remedy: 'Make the entry, correct the base, or let the bind DN read it.',
  };
}

function testSchema(subschema: Subschema, settings: LdapSettings): TestStep {
  const problems = KINDS.flatMap((kind) => {
    const classes = objectClasses(kind, settings);
    const unknown = classes.filter((name) => !subschema.objectClasses.has(name.toLowerCase()));
    const { must, may } = allowedAttributes(subschema, classes);
    const wanted = [
      namingAttribute(kind, settings),
      ...(kind === 'group' ? [settings.memberAttribute] : []),
      ...(settings.ownerAttribute === undefined ? [] : [settings.ownerAttribute]),
    ];
    // X.501 lets the entries of one class have any attribute.
    const anything = classes.some((name) => name.toLowerCase() === 'extensibleobject');
    const refused = (anything ? [] : wanted).filter(
      (name) => !must.has(name.toLowerCase()) && !may.has(name.toLowerCase()),
    );
    return [
      ...unknown.map((name) => `the schema has no object class ${name}`),
      ...refused.map((name) => `the ${kind} object classes do not allow ${name}`),
    ];
  });
  if (problems.length === 0) return ok('schema', 'The object classes and attributes are known.');
  return {
    name: 'schema',
    state: 'failed',
    message: `${problems.join('; ')}.`,
    remedy: 'Correct the object classes in the settings, or load the schema into the server.',
  };
}

function probeAttributes(
  kind: EntryKind,
  subschema: Subschema | undefined,
  settings: LdapSettings,
): Record<string, readonly string[]> {
  const name = `usher-connection-test-${randomBytes(6).toString('hex')}`;
  const { must } = subschema
    ? allowedAttributes(subschema, objectClasses(kind, settings))
    : { must: ['cn', 'sn'] };
  const member = settings.memberAttribute.toLowerCase();
  const { supplied } = settledProfile(settings.vendor);
  const given = ['objectclass', member, ...supplied];
  const demanded = [...must].filter((one) => !given.includes(one));
  return Object.fromEntries(
    [...demanded, namingAttribute(kind, settings)].map((one) => [one, [name]]),
  );
}

/** Makes an entry, looks whether its reference can be read, and removes it. */
async function testRights(
  exchange: Exchange,
  kind: EntryKind,
  subschema: Subschema | undefined,
  settings: LdapSettings,
): Promise<TestStep> {
  const name = `rights-${kind}`;
  const base = baseDn(kind, settings);
  const attributes = probeAttributes(kind, subschema, settings);
  const { dn, attributes: request } = addition(kind, { attributes }, {}, settings);
  try {
    await exchange.add(dn, request, []);
  } catch (error) {
    const failure = toConnectorError(error, { action: `make a test entry in ${base}` });
    if (failure.kind !== 'invalid') {
      return failed(name, failure, `Let ${settings.bindDN} add entries in ${base}.`);
    }
    const remedy = 'The object classes may demand attributes that the mapping must give.';
    return { name, state: 'warning', message: failure.message, remedy };
  }
  const { scheme } = exchange;
  const made = await exchange.readDn(dn, [scheme.attribute]).catch(() => undefined);
  try {
    await exchange.send(({ client }) => client.del(dn));
  } catch (error) {
    const remedy = `Remove ${dn} by hand, and let ${settings.bindDN} delete entries in ${base}.`;
    return failed(name, error, remedy);
  }
  if (scheme.of(made) !== '') return ok(name, `Entries in ${base} can be made and removed.`);
  return {
    name,
    state: 'failed',
    message: `A new entry in ${base} shows no ${scheme.attribute}.`,
    remedy: `Let ${settings.bindDN} read ${scheme.attribute}, and check the setting vendor: a directory without it cannot be used so.`,
  };
}

async function testActivation(
  exchange: Exchange,
  subschema: Subschema | undefined,
  settings: LdapSettings,
): Promise<TestStep> {
  if (settings.activation === 'none') {
    return ok('activation', 'Accounts are not disabled: activation is none.');
  }
  const { strategy, unusable } = await activationOf(exchange);
  const unknown = strategy.attributes.filter(
    (name) => subschema && !subschema.attributeTypes.has(name.toLowerCase()),
  );
  const reason = unusable ?? (unknown.length > 0 ? `the schema has no ${unknown.join()}` : '');
  if (reason === '') {
    const how = strategy.moves ? 'moving them' : strategy.attributes.join();
    return ok('activation', `Accounts are disabled by ${how}.`);
  }
  return {
    name: 'activation',
    state: 'warning',
    message: `Accounts cannot be disabled: ${reason}.`,
    remedy: 'Load the password policy overlay, or set activation to none and let the rule delete.',
  };
}

/** What the server turned out to be, and whether the settings fit it. */
async function testVendor(exchange: Exchange, settings: LdapSettings): Promise<TestStep> {
  const { vendor } = settings;
  let detected: Vendor;
  try {
    detected = (await exchange.features()).vendor;
  } catch (error) {
    return failed('vendor', error, 'Set vendor to what the directory is, and test again.');
  }
  const { title } = PROFILES[detected];
  if (vendor === 'auto' || vendor === detected) return ok('vendor', `The directory is ${title}.`);
  const { title: expected } = PROFILES[vendor];
  return {
    name: 'vendor',
    state: 'warning',
    message:
      detected === 'generic'
        ? `The directory does not say that it is ${expected}.`
        : `The directory is ${title}, and is spoken to as ${expected}.`,
    remedy: `Let ${settings.bindDN} read the rootDSE, or set vendor to ${detected}.`,
  };
}

/** Never rejects: what fails is a step, and what depends on it is left out. */
export async function testSteps(
  exchange: Exchange,
  settings: LdapSettings,
  secrets: LdapSecrets,
  signal: AbortSignal,
): Promise<readonly TestStep[]> {
  const steps = await testConnection(settings, secrets, signal);
  if (steps.some((step) => step.state === 'failed')) return steps;
  steps.push(await testVendor(exchange, settings));
  if (steps.some((step) => step.state === 'failed')) return steps;
  try {
    steps.push(...(await testFailoverServers(settings, secrets, signal)));
    const bases = await testBases(exchange, settings);
    steps.push(bases);
    const subschema = await readSubschema(exchange).catch((error: unknown) => {
      if (error instanceof ConnectorError && error.kind === 'permission') return undefined;
      throw error;
    });
    steps.push(
      subschema
        ? testSchema(subschema, settings)
        : {
            name: 'schema',
            state: 'warning',
            message: 'The directory does not show its schema to the bind DN.',
            remedy: `Let ${settings.bindDN} read the subschema entry.`,
          },
    );
    if (bases.state === 'ok') {
      for (const kind of KINDS) steps.push(await testRights(exchange, kind, subschema, settings));
    }
    steps.push(await testActivation(exchange, subschema, settings));
  } catch (error) {
    steps.push(
      failed('directory', error, 'Look at the log of the directory server and test again.'),
    );
  }
  return steps;
}
