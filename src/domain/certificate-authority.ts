/** Certificates of authorities that issue the certificates users are bound to (requirement A8, RFC 5280). */
import { X509Certificate } from 'node:crypto';

export interface CertificateAuthority {
  readonly pem: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the certificate, in hexadecimal pairs. */
  readonly fingerprint: string;
}

export const MAX_AUTHORITIES = 50;
export const MAX_PEM_LENGTH = 64 * 1024;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates in a text, or what is wrong with it. */
export function readAuthorities(
  text: string,
  now: Date,
): { readonly authorities: readonly CertificateAuthority[] } | { readonly problem: string } {
  if (text.length > MAX_PEM_LENGTH) {
    return { problem: `A PEM text has at most ${String(MAX_PEM_LENGTH)} characters.` };
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return { problem: 'This has a private key. Send the certificates alone.' };
  }
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) {
    return { problem: 'Expected PEM: "-----BEGIN CERTIFICATE-----", Base64 and an end line.' };
  }
  const authorities: CertificateAuthority[] = [];
  for (const pem of found) {
    const certificate = parsed(pem);
    const problem = certificate === undefined ? UNREADABLE : problemOf(certificate, now);
    if (certificate === undefined || problem !== undefined) return { problem: problem ?? '' };
    authorities.push(describe(certificate));
  }
  return { authorities };
}

const UNREADABLE = 'This is no X.509 certificate.';

/** What was accepted when it was stored. */
export function describeAuthority(pem: string): CertificateAuthority {
  return describe(new X509Certificate(pem));
}

function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** RFC 5280 section 4.2.1.9: only who has the basic constraint may issue certificates. */
function problemOf(certificate: X509Certificate, now: Date): string | undefined {
  const name = oneLine(certificate.subject);
  if (!certificate.ca) {
    return `The certificate of "${name}" is not that of a certification authority (basicConstraints CA:TRUE).`;
  }
  const end = new Date(certificate.validTo);
  if (end <= now) return `The certificate of "${name}" expired on ${end.toISOString()}.`;
  return undefined;
}

function describe(certificate: X509Certificate): CertificateAuthority {
  return {
    pem: certificate.toString().trim(),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    fingerprint: certificate.fingerprint256,
  };
}

function oneLine(name: string): string {
  return name.split('\n').join(', ');
}
