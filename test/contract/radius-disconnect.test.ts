/** Disconnect-Requests of the RADIUS connector, answered by a real FreeRADIUS. */
import dgram from 'node:dgram';
import path from 'node:path';
import { radius } from '../../connectors/radius/index';
import {
  CODES,
  decodeResponse,
  encodeRequest,
  hidePassword,
  TYPES,
} from '../../connectors/radius/packets/packet';
import type { Connector, Written } from '../../connectors/spi';
import { describeWith, temporaryFolder } from '../support/daemon';
import {
  type Freeradius,
  FREERADIUS,
  freeUdpPort,
  RADCLIENT,
  startFreeradius,
} from '../support/freeradius';
import { call } from './connector.contract';

describe('RADIUS packets', () => {
  // RFC 2865 section 7.1: user nemo logs in with the password "arctangent".
  const secret = Buffer.from('xyzzy5461');
  const authenticator = Buffer.from('0f403f9473978057bd83d5cb98f4227a', 'hex');

  it('hide a password as the example of RFC 2865 does', () => {
    const hidden = hidePassword(Buffer.from('arctangent'), secret, authenticator);
    expect(hidden.toString('hex')).toBe('0dbe708d93d413ce3196e43f782a0aee');
  });

  it('believe the answer of that example, and no other', () => {
    const answer = Buffer.from(
      '0200002686fe220e7624ba2a1005f6bf9b55e0b20606000000010f06000000000e06c0a80103',
      'hex',
    );
    const request = { identifier: 0, authenticator, bytes: Buffer.alloc(0) };
    expect(decodeResponse(answer, request, secret)?.code).toBe(CODES.accessAccept);
    for (let at = 0; at < answer.length; at += 1) {
      const forged = Buffer.from(answer);
      forged[at] = (forged[at] as number) ^ 1;
      expect(decodeResponse(forged, request, secret)).toBeUndefined();
    }
    expect(decodeResponse(answer, request, Buffer.from('other'))).toBeUndefined();
    expect(decodeResponse(answer.subarray(0, 19), request, secret)).toBeUndefined();
  });

  it('refuse an attribute that does not fit', () => {
    const attributes = [{ type: TYPES.userName, value: Buffer.alloc(254) }];
    const message = { code: CODES.disconnectRequest, identifier: 1, attributes };
    expect(() => encodeRequest(message, secret)).toThrow('too long');
  });
});

describeWith([FREERADIUS, RADCLIENT], 'sessions of a RADIUS user', () => {
  const folder = temporaryFolder();
  const database = { kind: 'sqlite', file: path.join(folder.path, 'radius.db') } as const;
  const log: string[] = [];
  const opened: Connector[] = [];
  let port: number;
  let server: Freeradius;

  const open = (disconnect: object, disconnectSecret = 'testing123'): Connector => {
    const settings = { database, disconnect: { host: '127.0.0.1', port, ...disconnect } };
    const parsed = radius.parse(settings, { disconnectSecret });
    const connector = radius.open(parsed.settings, parsed.secrets, {
      targetId: 'test',
      dataDir: '.',
      log: (_level, message, fields) => log.push(JSON.stringify([message, fields])),
    });
    opened.push(connector);
    return connector;
  };
  const create = (connector: Connector, name: string, more: object = {}): Promise<Written> =>
    connector.create(
      'user',
      { attributes: { 'User-Name': [name], ...more }, active: true },
      'o',
      call(),
    );

  beforeAll(async () => {
    port = await freeUdpPort();
    const connector = open({});
    await connector.test(call());
    const disconnect = { port, user: 'here', cause: 'Session-Context-Not-Removable' };
    server = await startFreeradius({ database, disconnect });
  });
  afterAll(async () => {
    await Promise.all(opened.map((one) => one.close()));
    await server?.stop();
    folder.remove();
  });

  it('end when the user is disabled, and a refusal is a warning with its cause', async () => {
    const connector = open({});
    const here = await create(connector, 'here');
    expect(await connector.setActive('user', here, false, call())).toEqual(here);
    expect(await connector.setActive('user', here, true, call())).toEqual(here);
    const stays = await create(connector, 'stays');
    const written = await connector.setActive('user', stays, false, call());
    expect(written).toMatchObject({ ...stays, warnings: [expect.stringContaining('504')] });
    expect((await connector.read('user', stays, call()))?.active).toBe(false);
    await connector.remove('user', here, call());
    expect(log).toEqual([]);
    await connector.remove('user', stays, call());
    expect(log.join()).toContain('504');
  });

  it('are in doubt with a wrong secret, and the user is disabled all the same', async () => {
    const connector = open({ timeoutMs: 100, attempts: 2 }, 'wrong');
    const user = await create(connector, 'doubtful');
    const written = await connector.setActive('user', user, false, call());
    expect(written.warnings?.[0]).toContain('no answer');
    expect((await connector.read('user', user, call()))?.active).toBe(false);
  });

  it('are asked for with the very same packet, a limited number of times', async () => {
    const silent = dgram.createSocket('udp4');
    const seen: string[] = [];
    silent.on('message', (datagram) => seen.push(datagram.toString('hex')));
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    const { port: deaf } = silent.address();
    const connector = open({ port: deaf, timeoutMs: 100, attempts: 3, nasIdentifier: 'gate' });
    await connector.setActive('user', await create(connector, 'repeated'), false, call());
    silent.close();
    expect(seen).toHaveLength(3);
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]?.slice(0, 2)).toBe('28');
    expect(seen[0]).toContain(Buffer.from('repeated').toString('hex'));
    expect(seen[0]).toContain(Buffer.from('gate').toString('hex'));
  });

  it('are named by what the profile has, or not at all', async () => {
    const connector = open({ identifyBy: ['User-Name', 'Framed-IP-Address'] });
    const written = await connector.setActive(
      'user',
      await create(connector, 'bare'),
      false,
      call(),
    );
    expect(written.warnings?.[0]).toContain('Framed-IP-Address');
    const known = await create(connector, 'known', { 'reply:Framed-IP-Address': ['10.9.8.7'] });
    const warnings = (await connector.setActive('user', known, false, call())).warnings;
    expect(warnings?.[0]).toContain('504');
  });

  it('need their secret', () => {
    const settings = { database, disconnect: { host: '127.0.0.1' } };
    expect(() => radius.parse(settings, {})).toThrow('secrets.disconnectSecret');
  });
});
