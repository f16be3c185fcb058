/** What radclient reads and prints. */

/** The server's answer to one Access-Request. */
export interface RadiusAnswer {
  readonly code: 'Access-Accept' | 'Access-Reject';
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** A string as radclient reads it between double quotes. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** A string as radclient prints it between double quotes. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  const bytes = Buffer.from(text.slice(1, -1)).toString('latin1');
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
  const raw = bytes.replace(/\\([0-7]{3}|.)/g, (_all, code: string) =>
    code.length === 3 ? String.fromCharCode(parseInt(code, 8)) : (named[code] ?? code),
  );
  return Buffer.from(raw, 'latin1').toString('utf8');
}

/** The answer radclient has printed. */
export function parseAnswer(output: string): RadiusAnswer {
  const received = output.slice(output.indexOf('Received '));
  const code = /^Received (Access-\w+)/.exec(received)?.[1];
  if (code !== 'Access-Accept' && code !== 'Access-Reject') {
    throw new Error(`no answer from FreeRADIUS:\n${output}`);
  }
  const attributes: Record<string, string[]> = {};
  for (const match of received.matchAll(/^\t(\S+) = (.*)$/gm)) {
    (attributes[match[1] as string] ??= []).push(unquoted(match[2] as string));
  }
  return { code, attributes };
}
