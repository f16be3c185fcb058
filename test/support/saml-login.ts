/** A SAML service provider and a browser: real logins at an identity provider over HTTP. */
import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import type { SimpleSamlPhp } from './simplesamlphp';

const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';

/** What a login came to. */
export type Login =
  | {
      readonly accepted: true;
      readonly nameId: string;
      readonly format: string;
      readonly attributes: Readonly<Record<string, readonly string[]>>;
      /** The response as it was posted. */
      readonly xml: string;
    }
  | { readonly accepted: false; readonly reason: string };

/** Cookies of one browser. */
export type Cookies = Map<string, string>;

interface Page {
  readonly url: string;
  readonly body: string;
}

function unescape(text: string): string {
  return text.replace(/&quot;|&#039;|&lt;|&gt;|&amp;/g, (entity) =>
    entity === '&quot;'
      ? '"'
      : entity === '&#039;'
        ? "'"
        : entity === '&lt;'
          ? '<'
          : entity === '&gt;'
            ? '>'
            : '&',
  );
}

function visible(html: string): string {
  return unescape(html.replace(/<(script|style)[\s\S]*?<\/\1>|<[^>]+>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 400);
}

/** One request, and those it is sent on to. */
async function browse(cookies: Cookies, target: string, form?: URLSearchParams): Promise<Page> {
  let [url, body] = [target, form];
  for (let hop = 0; hop < 15; hop += 1) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(body ? { method: 'POST', body } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    const text = await response.text();
    const location = response.headers.get('location');
    if (location === null) return { url, body: text };
    [url, body] = [new URL(location, url).href, undefined];
  }
  throw new Error(`too many redirections, at ${url}`);
}

function hiddenForm({ body }: Page): { action: string; fields: URLSearchParams } {
  const action = unescape(/<form[^>]*action="([^"]+)"/.exec(body)?.[1] ?? '');
  const fields = new URLSearchParams();
  for (const [, name, value] of body.matchAll(
    /<input type="hidden" name="([^"]+)" value="([^"]*)"/g,
  )) {
    fields.set(name as string, unescape(value as string));
  }
  return { action, fields };
}

/** A service provider that trusts one identity provider. */
export class ServiceProvider {
  private readonly saml: SAML;

  constructor(
    readonly entityId: string,
    readonly consumerUrl: string,
    idp: SimpleSamlPhp,
    format: string = PERSISTENT,
  ) {
    this.saml = new SAML({
      callbackUrl: consumerUrl,
      entryPoint: idp.entryPoint,
      issuer: entityId,
      audience: entityId,
      idpCert: idp.certificate,
      idpIssuer: idp.entityId,
      identifierFormat: format,
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: true,
      validateInResponseTo: ValidateInResponseTo.always,
      disableRequestedAuthnContext: true,
      acceptedClockSkewMs: 5_000,
    });
  }

  /** A whole login; a browser with a session of the identity provider is not asked for the password again. */
  async login(user: string, password: string, cookies: Cookies = new Map()): Promise<Login> {
    const answer = await this.respond(user, password, cookies);
    return 'reason' in answer ? { accepted: false, ...answer } : this.accept(answer.response);
  }

  /** A login up to the response (base64), which is not looked at; or what the last page says. */
  async respond(
    user: string,
    password: string,
    cookies: Cookies = new Map(),
  ): Promise<{ response: string } | { reason: string }> {
    let page = await browse(cookies, await this.saml.getAuthorizeUrlAsync('', undefined, {}));
    const state = /name="AuthState" value="([^"]+)"/.exec(page.body)?.[1];
    if (state !== undefined) {
      const fields = { username: user, password, AuthState: unescape(state) };
      page = await browse(cookies, `${page.url.split('?')[0]}?`, new URLSearchParams(fields));
    }
    // A bridge's identity provider sends the browser to the bridge, and that to us.
    for (let hop = 0; hop < 3; hop += 1) {
      const { action, fields } = hiddenForm(page);
      const response = fields.get('SAMLResponse');
      if (response === null) return { reason: visible(page.body) };
      if (action === this.consumerUrl) return { response };
      page = await browse(cookies, action, fields);
    }
    throw new Error(`the browser is sent around, at ${page.url}`);
  }

  /** What the service provider makes of a response. */
  async accept(response: string): Promise<Login> {
    try {
      const { profile } = await this.saml.validatePostResponseAsync({ SAMLResponse: response });
      if (!profile) throw new Error('no assertion');
      const given = (profile['attributes'] ?? {}) as Record<string, string | string[]>;
      const attributes = Object.entries(given).map(([name, value]) => [name, [value].flat()]);
      return {
        accepted: true,
        nameId: profile.nameID,
        format: profile.nameIDFormat,
        attributes: Object.fromEntries(attributes) as Record<string, string[]>,
        xml: Buffer.from(response, 'base64').toString(),
      };
    } catch (error) {
      return { accepted: false, reason: (error as Error).message };
    }
  }
}
