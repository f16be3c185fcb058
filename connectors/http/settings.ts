/** What an administrator configures. */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { SettingsError, type SettingsIssue } from '../spi';
import { isForbidden, isLoopback } from './address';

/** Headers that belong to the exchange itself: a secret in one of them would break it. */
const TAKEN =
  /^(host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|accept.*|user-agent|x-usher-.*)$/i;

export const settingsSchema = z.strictObject({
  url: z
    .string()
    .superRefine((text, issues) => {
      const message = wrongUrl(text);
      if (message) issues.addIssue({ code: 'custom', message });
    })
    .describe(
      'Where the service answers, for example https://app.example.com/usher. Nothing else is ever asked.',
    ),
  allowHttp: z
    .boolean()
    .default(false)
    .describe('Lets secrets and personal data go unencrypted to a host that is not this one.'),
  ca: z
    .string()
    .refine(isPem, 'must be one or more certificates in PEM form')
    .optional()
    .describe(
      "The certificate authority of the service, in PEM form, instead of the public ones. Absent: Node's own list.",
    ),
  authentication: z
    .enum(['bearer', 'header', 'hmac'])
    .default('bearer')
    .describe(
      'How the secret is used: as a bearer token, as the value of `header`, or as the key of a signature.',
    ),
  header: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, 'must be letters, digits and hyphens')
    .refine((name) => !TAKEN.test(name), 'must not be a header that HTTP or Usher uses')
    .default('X-Api-Key')
    .describe('The header that carries the secret, with `authentication: "header"`.'),
  connectTimeoutSeconds: z
    .number()
    .min(0.1)
    .max(25)
    .default(5)
    .describe('How long a connection may take, name lookup and TLS included.'),
  timeoutSeconds: z
    .number()
    .min(0.1)
    .max(25)
    .default(10)
    .describe('How long one request may take, connection included.'),
  connections: z
    .int()
    .min(1)
    .max(16)
    .default(4)
    .describe('Connections, and so requests at a time, of one Usher process.'),
  pageSize: z.int().min(1).max(1_000).default(100).describe('Entries asked for at a time.'),
  memberChunk: z
    .int()
    .min(1)
    .max(10_000)
    .default(1_000)
    .describe('Changes of members sent in one request.'),
  groups: z.boolean().default(true).describe('Whether the service keeps groups.'),
});

export const secretsSchema = z.strictObject({
  secret: z
    .string()
    .min(8)
    .max(4_096)
    .describe('The bearer token, the value of the header, or the key of the signature.'),
});

export type Settings = z.infer<typeof settingsSchema>;
export type Secrets = z.infer<typeof secretsSchema>;

const both = z.strictObject({ settings: settingsSchema, secrets: secretsSchema });

/** Says of a field that is missing only that; zod would tell of types. */
const saying: z.core.$ZodErrorMap = ({ code, input }) =>
  code === 'invalid_type' && input === undefined ? 'is required' : undefined;

/** Completes settings with their defaults; throws with all that is wrong, each with the way to its field. */
export function parse(
  settings: unknown,
  secrets: unknown,
): { settings: Settings; secrets: Secrets } {
  const result = both.safeParse({ settings, secrets }, { error: saying });
  const issues: SettingsIssue[] = (result.error?.issues ?? []).map(({ path, message }) => ({
    path: path.map(String),
    message,
  }));
  issues.push(...wrongTogether(settings, secrets));
  if (result.success && issues.length === 0) return result.data;
  throw new SettingsError(issues);
}

/** What no field shows alone. Not a part of the schema: zod would leave it out whenever another field is wrong. */
function wrongTogether(settings: unknown, secrets: unknown): SettingsIssue[] {
  const { url, allowHttp, authentication } = { ...(settings as Partial<Settings> | null) };
  const { secret } = { ...(secrets as Partial<Secrets> | null) };
  const issues: SettingsIssue[] = [];
  if (typeof url === 'string' && !wrongUrl(url) && allowHttp !== true) {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'http:' && !isLoopback(hostname)) {
      const message = 'must begin with https://, unless `allowHttp` is set';
      issues.push({ path: ['settings', 'url'], message });
    }
  }
  const sendable =
    authentication === 'header' ? /^[\x21-\x7e]+( [\x21-\x7e]+)*$/ : /^[\x21-\x7e]+$/;
  if (typeof secret === 'string' && authentication !== 'hmac' && !sendable.test(secret)) {
    const message = 'must be visible ASCII characters, for it is sent in a header';
    issues.push({ path: ['secrets', 'secret'], message });
  }
  return issues;
}

/** Says what is wrong without repeating the text: it may hold a password. */
function wrongUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return 'must begin with https://';
  if (url.username || url.password) return 'must not contain a user or password';
  if (url.search || url.hash || /[?#]$/.test(text)) return 'must not contain a query or fragment';
  if (isForbidden(url.hostname))
    return 'must not be a link-local, multicast or unspecified address';
  return undefined;
}

function isPem(text: string): boolean {
  const certificates = certificatesOf(text);
  return (
    certificates.length > 0 &&
    certificates.every((certificate) => {
      try {
        return Boolean(new X509Certificate(certificate));
      } catch {
        return false;
      }
    })
  );
}

/** One PEM block each. */
export function certificatesOf(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}
