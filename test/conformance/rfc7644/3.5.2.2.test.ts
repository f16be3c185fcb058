import { expectError, RfcClient, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();
const emails = [
  { value: 'a@x', type: 'work', display: 'A' },
  { value: 'b@x', type: 'home', display: 'B' },
];

async function removed(path: string): Promise<Shown> {
  const { id } = await scim.user({ title: 'x', emails });
  return scim.patched(id, { op: 'remove', path });
}

it('7644-3.5.2.2-1, 7644-3.5.2.2-2 a removed attribute is gone', async () => {
  expect(await removed('title')).not.toHaveProperty('title');
  expect(await removed('emails')).not.toHaveProperty('emails');
});

it('7644-3.5.2.2-3, 7644-3.5.2.2-5 values that match are gone, and the attribute with the last one', async () => {
  expect((await removed('emails[value eq "a@x"]'))['emails']).toEqual([emails[1]]);
  expect(await removed('emails[value ew "@x"]')).not.toHaveProperty('emails');
  expect(await removed('emails[type eq "work" or type eq "home"]')).not.toHaveProperty('emails');
});

it('7644-3.5.2.2-4 sub-attributes of values that match are gone', async () => {
  const { emails: left } = await removed('emails[type eq "work"].display');
  expect(left).toEqual([{ value: 'a@x', type: 'work' }, emails[1]]);
});

it.each(['userName', 'id', 'meta', 'groups', 'groups[value eq "x"]'])(
  '7644-3.5.2.2-6 required and read-only attributes are not removed: %s',
  async (path) => {
    const user = await scim.user();
    const answer = await scim.patch(`/Users/${String(user['id'])}`, { op: 'remove', path });
    expectError(answer, 400, 'mutability');
    expect(await scim.get(`/Users/${String(user['id'])}`)).toEqual(user);
  },
);
