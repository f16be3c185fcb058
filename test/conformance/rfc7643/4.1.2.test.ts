import { expectError, newName, RfcClient, USER } from '../../support/rfc-client';

const scim = new RfcClient();
const strict = new RfcClient({ scimProfile: 'strict' });

it('7643-4.1.2-3 groups of a user have the id and the URI of the group', async () => {
  const { id } = await scim.user();
  const group = await scim.group({ members: [{ value: id }] });
  const { groups } = await scim.get(`/Users/${String(id)}`);
  expect(groups).toEqual([
    {
      value: group['id'],
      $ref: group['meta'].location,
      display: group['displayName'],
      type: 'direct',
    },
  ]);
});

it('7643-4.1.2-4 memberships change at the group alone', async () => {
  const { id, userName } = await scim.user();
  const group = await scim.group();
  const groups = [{ value: group['id'] }];
  const add = { op: 'add', path: 'groups', value: groups };
  expectError(await scim.patch(`/Users/${String(id)}`, add), 400, 'mutability');
  const put = await scim.request('PUT', `/Users/${String(id)}`, { userName, groups });
  expect([put.status, put.body.groups]).toEqual([200, undefined]);
  const made = await scim.user({ groups });
  expect(made).not.toHaveProperty('groups');
  expect((await scim.get(`/Groups/${String(group['id'])}`))['members'] ?? []).toEqual([]);
});

it('7643-4.1.2-5 certificates are base64', async () => {
  const user = (value: string): object => ({
    schemas: [USER],
    userName: newName(),
    x509Certificates: [{ value }],
  });
  const { x509Certificates } = await strict.created('/Users', user('MIIDQzCCAqygAwIBAgICEAAw'));
  expect(x509Certificates).toEqual([{ value: 'MIIDQzCCAqygAwIBAgICEAAw' }]);
  expectError(await strict.request('POST', '/Users', user('*** no ***')), 400, 'invalidValue');
});
