/**
 * Makes a server read the users file, and makes sure that it did.
 *
 * FreeRADIUS 3.2 ignores a second `hup` of a module within two seconds without a word, whoever asked for the first, and
 * keeps the old entries when a file is broken. So it is asked at most every three seconds, and then looked at: the file
 * has a user whose reject says which revision it is of.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallContext, ConnectorError } from '../../spi';
import { exchange } from '../packets/exchange';
import { CODES, TYPES, valueOf } from '../packets/packet';
import { type RadminSettings, reload } from './radmin';
import type { Revision } from './state';
import { parseRevision, PROBE_USER } from './text';

/** Between two reloads; the server counts whole seconds. */
const SPACING_MS = 3_100;
/** A server delays its rejects, by one second unless told otherwise. */
const PROBE = { timeoutMs: 2_000, attempts: 3 } as const;

export interface ReloadSettings {
  readonly radmin: RadminSettings;
  readonly probe: { readonly host: string; readonly port: number; readonly secret: string };
}

/** When a module was last told to reload, by socket and module: several targets may share a server. */
const reloaded = new Map<string, number>();

function covers(known: Revision | undefined, wanted: Revision): boolean {
  return known?.lineage === wanted.lineage && known.number >= wanted.number;
}

export class Reloader {
  /** The last revision the server was seen to have; it never goes back to an earlier one. */
  private known: Revision | undefined;

  constructor(private readonly settings: ReloadSettings) {}

  /** Resolves when the server has that revision or a later one. */
  async ensure(wanted: Revision, call: CallContext): Promise<void> {
    if (covers(this.known, wanted)) return;
    if (!this.known) this.known = await this.probe(call);
    while (!covers(this.known, wanted)) {
      await this.turn(call);
      await reload(this.settings.radmin, call.signal);
      this.known = await this.probe(call);
    }
  }

  /** The revision the server has; undefined when it knows nothing of the file. */
  async probe(call: CallContext): Promise<Revision | undefined> {
    const { host, port } = this.settings.probe;
    const attributes = [
      { type: TYPES.userName, value: Buffer.from(PROBE_USER) },
      { type: TYPES.userPassword, value: randomBytes(16) },
      { type: TYPES.nasIdentifier, value: Buffer.from('usher') },
    ];
    const message = { code: CODES.accessRequest, attributes };
    const response = await exchange({ ...this.settings.probe, ...PROBE }, message, call.signal);
    if (call.signal.aborted) throw notRead();
    if (!response) {
      throw new ConnectorError(
        'unavailable',
        `the server does not answer the probe at ${host} port ${port}; check that Usher is a client of it, with the secret \`probeSecret\``,
      );
    }
    return parseRevision(valueOf(response, TYPES.replyMessage)?.toString() ?? '');
  }

  private async turn(call: CallContext): Promise<void> {
    const { socket, module } = this.settings.radmin;
    const key = `${socket} ${module}`;
    const pause = (reloaded.get(key) ?? -Infinity) + SPACING_MS - performance.now();
    if (pause > 0) {
      await sleep(pause, undefined, { signal: call.signal }).catch(() => {
        throw notRead();
      });
      // Somebody else may have had the turn meanwhile.
      return this.turn(call);
    }
    reloaded.set(key, performance.now());
  }
}

function notRead(): ConnectorError {
  return new ConnectorError(
    'timeout',
    `the server was told to read the users file and has not done so in time; check that the module reads this file, and that \`usher_files\` answers ${PROBE_USER} in authorize`,
  );
}
