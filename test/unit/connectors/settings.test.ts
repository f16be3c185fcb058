import { loadConnectors } from '../../../connectors/registry';
import { type SettingsIssue } from '../../../connectors/spi';

const types = loadConnectors().all();

function issuesOf(parse: () => unknown): readonly SettingsIssue[] {
  try {
    parse();
  } catch (error) {
    return (error as { readonly issues: readonly SettingsIssue[] }).issues;
  }
  throw new Error('Nothing was found wrong');
}

test.each(types)('$id says of settings that are missing only that they are required', (type) => {
  const issues = issuesOf(() => type.parse({}, undefined));
  expect(issues.length).toBeGreaterThan(0);
  for (const { message } of issues) expect(message).toMatch(/^is required|^must /);
  expect(issues.map(({ message }) => message)).toContain('is required');
});

test.each(types)('$id still says of a value of the wrong type what it should be', (type) => {
  const [name = ''] = (type.settingsSchema as { required?: string[] }).required ?? [];
  const wrong = issuesOf(() => type.parse({ [name]: 42 }, undefined)).find(
    ({ path }) => path.join('.') === `settings.${name}`,
  );
  expect(wrong?.message).not.toBe('is required');
});
