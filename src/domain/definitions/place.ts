/** The way to a member, as people write it: `attributes[3].type`. */
export function printPlace(path: readonly string[]): string {
  return path
    .map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}
