/** Settings and secrets that fit each other. */
import { SettingsError, type SettingsIssue } from '../spi';
import { parseSettings } from '../sql/settings';
import { type RadiusSecrets, type RadiusSettings, radiusSecrets, radiusSettings } from './settings';

/** Checks both, and that every secret the settings need is there. */
export function parse(
  settings: unknown,
  secrets: unknown,
): { settings: RadiusSettings; secrets: RadiusSecrets } {
  const schemas = { settings: radiusSettings, secrets: radiusSecrets };
  const parsed = parseSettings<RadiusSettings, RadiusSecrets>(schemas, settings, secrets);
  const { store, disconnect } = parsed.settings;
  const needed: readonly (readonly [keyof RadiusSecrets, boolean, string])[] = [
    ['probeSecret', store.kind === 'files', 'the store `files`'],
    ['restPassword', store.kind === 'rest', 'the store `rest`'],
    ['disconnectSecret', disconnect !== undefined, '`disconnect`'],
  ];
  const issues: SettingsIssue[] = needed
    .filter(([name, isNeeded]) => isNeeded && parsed.secrets[name] === undefined)
    .map(([name, , what]) => ({ path: ['secrets', name], message: `is required for ${what}` }));
  if (issues.length > 0) throw new SettingsError(issues);
  return parsed;
}
