/** The connector type: what it declares, what it takes as settings, what it gives by default. */
import { type SettingsError, SPI_VERSION } from '../../../connectors/spi';
import { type Subject } from './subject';

/** The error `parse` throws; anything else fails the test. */
function refusal(parse: () => unknown): SettingsError {
  let error: unknown;
  try {
    parse();
  } catch (caught) {
    error = caught;
  }
  expect(error).toMatchObject({ name: 'SettingsError' });
  const { issues } = error as SettingsError;
  expect(issues.length).toBeGreaterThan(0);
  expect(issues.filter((issue) => issue.message === '')).toEqual([]);
  return error as SettingsError;
}

export function describeType(subject: Subject): void {
  const { type, fixture } = subject;

  it('declares itself', () => {
    expect(type.spiVersion).toBe(SPI_VERSION);
    expect(type.id).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(type.title).not.toBe('');
    expect(type.capabilities.kinds).toContain('user');
    expect(type.capabilities.maxConcurrency).toBeGreaterThan(0);
  });

  it('promises no more for its settings than it declares', () => {
    const [own, declared] = [subject.can(), type.capabilities];
    expect(own.kinds).toContain('user');
    expect(declared.kinds).toEqual(expect.arrayContaining([...own.kinds]));
    expect([declared.activation, 'none']).toContain(own.activation);
    for (const ability of ['rename', 'password', 'answers'] as const) {
      const most = [declared[ability] ?? false, false];
      expect({ ability, most }).toMatchObject({
        most: expect.arrayContaining([own[ability] ?? false]),
      });
    }
    expect(own.maxConcurrency).toBeGreaterThan(0);
    expect(own.maxConcurrency).toBeLessThanOrEqual(declared.maxConcurrency);
  });

  it('offers what is optional exactly when it says so', () => {
    expect(subject.connector.answer !== undefined).toBe(subject.can().answers ?? false);
    expect(subject.connector.setPassword !== undefined).toBe(subject.can().password);
  });

  it.each(['settingsSchema', 'secretsSchema'] as const)('describes every field of %s', (which) => {
    const schema = type[which] as { properties?: Record<string, { description?: string }> };
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      expect(`${name}: ${property.description ?? ''}`).toMatch(/: .+/);
    }
  });

  it('keeps secrets out of the settings', () => {
    subject.expectNoSecrets(subject.settings());
  });

  it.each([[undefined], [null], [{}], [[]], ['text'], [{ nonsense: 1 }]])(
    'refuses %j as settings with issues',
    (settings) => {
      const { issues } = refusal(() => type.parse(settings, subject.directory.secrets));
      expect(issues.every((issue) => issue.path[0] === 'settings')).toBe(true);
    },
  );

  it('refuses the wrong settings the fixture names', () => {
    const { settings: right, secrets } = subject.directory;
    for (const { settings, path } of fixture.wrongSettings ?? []) {
      const error = refusal(() => type.parse({ ...(right as object), ...settings }, secrets));
      expect(error.issues.map((issue) => issue.path.join('.'))).toContain(`settings.${path}`);
      subject.expectNoSecrets(error.message);
    }
  });

  it('takes the settings it made itself', () => {
    // What is stored is what `parse` answered, and it is parsed again whenever the target is opened.
    const { settings, secrets } = type.parse(subject.directory.settings, subject.directory.secrets);
    const stored = JSON.parse(JSON.stringify({ settings, secrets })) as typeof subject.directory;
    const again = type.parse(stored.settings, stored.secrets);
    expect(JSON.parse(JSON.stringify(again))).toEqual(stored);
  });

  it('maps the naming attribute by default', () => {
    const mapping = type.defaultMapping(subject.settings());
    expect(mapping.user.map((line) => line.attribute)).toContain(subject.naming('user'));
    if (!subject.groups) return;
    expect(mapping.group.map((line) => line.attribute)).toContain(subject.naming('group'));
  });

  it('opens and closes without a directory', async () => {
    await subject.directory.kill?.();
    const one = subject.open();
    await one.close();
    await one.close();
    await subject.directory.restart?.();
  });
}
