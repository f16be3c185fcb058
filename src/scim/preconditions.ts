/** Versions of resources as entity tags (RFC 7644 section 3.14, RFC 7232). */
import { type IncomingHttpHeaders } from 'node:http';
import { type ExpectedGenerations } from '../domain/provisioning';

/** Weak: two representations of one generation need not be equal byte for byte. */
export function entityTag(generation: number): string {
  return `W/"${String(generation)}"`;
}

/** The generations If-Match allows; undefined: any. A tag that is none of ours allows nothing. */
export function expectedGenerations(headers: IncomingHttpHeaders): ExpectedGenerations {
  const header = headers['if-match'];
  if (header === undefined || header.trim() === '' || header.trim() === '*') return undefined;
  return generationsIn(header);
}

/** Whether If-None-Match says that the client has this generation already. */
export function isUnmodified(headers: IncomingHttpHeaders, generation: number): boolean {
  const header = headers['if-none-match'];
  if (header === undefined) return false;
  return header.trim() === '*' || generationsIn(header).includes(generation);
}

/** Some clients drop the `W/`, others the quotes. */
function generationsIn(header: string): readonly number[] {
  return header.split(',').flatMap((tag) => {
    const digits = /^\s*(?:W\/)?"?(\d{1,15})"?\s*$/i.exec(tag)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}
