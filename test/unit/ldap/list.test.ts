import { ldap } from '../../../connectors/ldap';
import { type Connector, type Entry } from '../../../connectors/spi';
import { call, collect, failure } from '../../contract/connector.contract';
import { type FakeServer, type Page, startFakeServer } from './fake-server';

describe('a listing', () => {
  let server: FakeServer;
  let connector: Connector;

  const listOf = async (pages: readonly Page[]): Promise<Entry[]> => {
    server = await startFakeServer(({ count }) => pages[count]);
    const { settings, secrets } = ldap.parse(
      { url: server.url, bindDN: 'cn=x', userBaseDN: 'ou=people', groupBaseDN: 'ou=groups' },
      { bindPassword: 'x' },
    );
    const log = (): void => undefined;
    connector = ldap.open(settings, secrets, { targetId: 't', dataDir: '.', log });
    return collect(connector.list('user', call(5_000)));
  };

  afterEach(async () => {
    await connector.close();
    server.close();
  });

  it('goes on while there are more pages', async () => {
    const entries = await listOf([
      { names: ['a', 'b'], more: true },
      { names: ['c'], more: false },
    ]);
    expect(entries.map((entry) => entry.reference)).toEqual(['uuid-a', 'uuid-b', 'uuid-c']);
  });

  it('may end with an empty page', async () => {
    const pages = [
      { names: ['a'], more: true },
      { names: [], more: false },
    ];
    expect(await listOf(pages)).toHaveLength(1);
  });

  it('never ends quietly at an empty page that is not the last', async () => {
    const pages = [
      { names: ['a'], more: true },
      { names: [], more: true },
      { names: ['b'], more: false },
    ];
    expect((await failure(listOf(pages))).kind).toBe('unavailable');
  });
});
