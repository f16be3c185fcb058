/** One signed-in connection. It is born bound, and once it has lost its socket it is never used again. */
import type net from 'node:net';
import { debuglog } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  MessageParser,
  PagedResultsControl,
  ResultCodeError,
  SearchResponse,
} from 'ldapts';
import { ConnectorError } from '../spi';
import { ASSERTION, PASSWORD_MODIFY, PASSWORD_POLICY } from './controls';
import { dial } from './dial';
import { ConnectionLost, messageOf, signInFailure } from './failures';
import { Frames } from './frames';
import { type LdapSecrets, type LdapSettings } from './settings';
import { attributeValues } from './values';
import { settledProfile } from './vendor';
import { detectVendor, TELLING_ATTRIBUTES } from './vendor/detect';
import { type Vendor } from './vendor/profile';

const GOODBYE_MS = 200;

/** What the server says it can do (rootDSE, RFC 4512 section 5.1). */
export interface Features {
  readonly assertion: boolean;
  readonly passwordModify: boolean;
  readonly passwordPolicy: boolean;
  /** Where the schema stands. */
  readonly subschema: string | undefined;
  /** Whose directory it seems to be. */
  readonly vendor: Vendor;
}

/**
 * Gives the library a socket that is already open, and gives it only once: the library reconnects by itself, anonymously,
 * whenever an operation finds it without a socket.
 */
function handOver(socket: net.Socket): () => net.Socket {
  let given = false;
  return () => {
    if (given) throw new Error('the connection is closed');
    given = true;
    return socket;
  };
}

/** Refuses to work while the library's own debug log is on: it prints passwords. */
function refuseDebugLog(): void {
  if (!debuglog('ldapts').enabled) return;
  throw new ConnectorError(
    'unsupported',
    'NODE_DEBUG=ldapts prints passwords: start Usher without it.',
  );
}

/** Closes the socket at the first byte that cannot be LDAP, before the library sees it. */
function refuseGarbage(socket: net.Socket): { readonly assertSound: () => void } {
  const frames = new Frames();
  let sound = true;
  socket.on('data', (data: Buffer) => {
    if (!sound || frames.read(data)) return;
    sound = false;
    socket.destroy();
  });
  const assertSound = (): void => {
    if (sound) return;
    throw new ConnectionLost(
      'the directory answered with something that is not LDAP',
      true,
      'broken',
    );
  };
  return { assertSound };
}

export class Connection {
  private lost = false;
  private operations = 0;
  private retired = false;

  private constructor(
    private readonly socket: net.Socket,
    readonly client: Client,
    readonly features: Features,
    private readonly assertSound: () => void,
  ) {
    socket.once('close', () => (this.lost = true));
    this.lost = socket.destroyed;
  }

  /** Dials, signs in and asks the server what it can do. Rejects with a `ConnectorError`. */
  static async open(settings: LdapSettings, secrets: LdapSecrets): Promise<Connection> {
    refuseDebugLog();
    return Connection.signIn(await dial(settings), settings, secrets);
  }

  /** Signs in over an open socket, and closes it when that fails. */
  static async signIn(
    socket: net.Socket,
    settings: LdapSettings,
    secrets: LdapSecrets,
  ): Promise<Connection> {
    const { assertSound } = refuseGarbage(socket);
    const client = new Client({
      url: 'ldap://socket',
      timeout: settings.operationTimeoutMs,
      connectTimeout: settings.connectTimeoutMs,
      createConnection: handOver(socket),
    });
    try {
      await client.bind(settings.bindDN, secrets.bindPassword);
      assertSound();
      const features = await readFeatures(client);
      assertSound();
      return new Connection(socket, client, features, assertSound);
    } catch (error) {
      socket.destroy();
      const failure = asConnectionLost(error);
      const { explain } = settledProfile(settings.vendor);
      throw signInFailure(failure, { action: `sign in as ${settings.bindDN}`, explain });
    }
  }

  /** False once the socket is gone. */
  get usable(): boolean {
    return !this.lost && !this.socket.destroyed && this.client.isBound;
  }

  /**
   * Whether the latest page of a search was followed by more, asked at any time. The library ends a paged search at an
   * empty page although RFC 2696 section 3 lets one come in the midst, so the answers are read here as well.
   */
  watchPages(): () => boolean {
    let more = false;
    const parser = new MessageParser();
    parser.on('error', () => undefined);
    parser.on('message', (message) => {
      if (!(message instanceof SearchResponse)) return;
      const page = message.controls?.find((control) => control instanceof PagedResultsControl);
      more = Boolean(page?.value?.cookie?.length);
    });
    this.socket.on('data', (data: Buffer) => parser.read(data, new Map()));
    return () => more;
  }

  /** Runs an operation and does not believe its answer when the server has begun to send something else than LDAP. */
  async perform<T>(operation: () => Promise<T>): Promise<T> {
    this.operations += 1;
    try {
      const answer = await operation();
      this.assertSound();
      return answer;
    } catch (error) {
      this.assertSound();
      throw error;
    } finally {
      this.operations -= 1;
      if (this.retired && this.operations === 0) void this.close();
    }
  }

  /** Closes once nothing is under way any more. */
  retire(): void {
    this.retired = true;
    if (this.operations === 0) void this.close();
  }

  /** Closes without ceremony; whatever is in flight rejects. */
  destroy(): void {
    this.lost = true;
    this.socket.destroy();
  }

  /** Says goodbye (RFC 4511 section 4.3) and closes. */
  async close(): Promise<void> {
    if (this.usable) {
      const unbound = this.client.unbind().catch(() => undefined);
      // A directory that reads nothing does not even take the goodbye.
      await Promise.race([unbound, sleep(GOODBYE_MS, undefined, { ref: false })]);
    }
    this.destroy();
  }
}

/** Result codes pass; everything else the library throws means that no answer came. */
export function asConnectionLost(error: unknown): unknown {
  if (error instanceof ResultCodeError || error instanceof ConnectorError) return error;
  if (error instanceof ConnectionLost) return error;
  // A mistake in the request, found while it was written.
  if (error instanceof TypeError) return error;
  if (/timed out/.test(messageOf(error))) {
    return new ConnectionLost('the directory did not answer in time', true, 'timeout', error);
  }
  return new ConnectionLost('the connection to the directory broke', true, 'broken', error);
}

async function readFeatures(client: Client): Promise<Features> {
  const attributes = [
    ...['supportedControl', 'supportedExtension', 'subschemaSubentry'],
    ...TELLING_ATTRIBUTES,
  ];
  const [rootDse] = await client.search('', { scope: 'base', attributes }).then(
    ({ searchEntries }) => searchEntries,
    (error: unknown) => {
      // A server that hides its rootDSE is taken for one that can do nothing out of the ordinary.
      if (error instanceof ResultCodeError) return [];
      throw error;
    },
  );
  const values = (name: string): readonly string[] => attributeValues(rootDse?.[name]);
  return {
    assertion: values('supportedControl').includes(ASSERTION),
    passwordPolicy: values('supportedControl').includes(PASSWORD_POLICY),
    passwordModify: values('supportedExtension').includes(PASSWORD_MODIFY),
    subschema: values('subschemaSubentry')[0],
    vendor: detectVendor(values),
  };
}
