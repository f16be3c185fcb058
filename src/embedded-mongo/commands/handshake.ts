import { reply } from '../bson/encode';
import { type Command, type Reply } from './context';
import { type CommandRequest, sessionId } from './request';

/** The protocol of MongoDB 7.0; newer ones bring commands this server does not have. */
const MAX_WIRE_VERSION = 21;
const VERSION = '7.0.0';

function runHello(_context: unknown, { name, connectionId }: CommandRequest): Reply {
  // A standalone: the driver then sends no transaction numbers and retries no writes.
  return reply({
    helloOk: true,
    [name === 'hello' ? 'isWritablePrimary' : 'ismaster']: true,
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: 0,
    maxWireVersion: MAX_WIRE_VERSION,
    readOnly: false,
  });
}

/** The hello command and its older names. */
export const hello: Command = {
  options: new Set([
    'hello',
    'ismaster',
    'isMaster',
    'helloOk',
    'client',
    'compression',
    'backpressure',
    'saslSupportedMechs',
  ]),
  run: runHello,
};

/** The ping command. */
export const ping: Command = { options: new Set(['ping']), run: () => reply({}) };

/** The endSessions command. All that sessions hold here is cursors. */
export const endSessions: Command = {
  options: new Set(['endSessions']),
  run({ cursors }, { fields }) {
    const ended = fields.documents('endSessions').map(sessionId);
    cursors.endSessions(new Set(ended.filter((id) => id !== undefined)));
    return reply({});
  },
};

/** The buildInfo command. */
export const buildInfo: Command = {
  options: new Set(['buildInfo', 'buildinfo']),
  run: () =>
    reply({
      version: VERSION,
      versionArray: [7, 0, 0, 0],
      modules: ['usher-embedded'],
      bits: 64,
      maxBsonObjectSize: 16 * 1024 * 1024,
    }),
};

/** The connectionStatus command. Access is controlled by the socket file, nobody logs in. */
export const connectionStatus: Command = {
  options: new Set(['connectionStatus', 'showPrivileges']),
  run: () => reply({ authInfo: reply({ authenticatedUsers: [], authenticatedUserRoles: [] }) }),
};
