import { newName, RfcClient, USER, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();

it('7643-2.3.8-1 the order of names in an object means nothing', async () => {
  const userName = newName();
  const text = `{"emails":[{"type":"work","primary":true,"value":"a@x.example"}],"name":{"familyName":"F","givenName":"G"},"userName":"${userName}","schemas":["${USER}"]}`;
  const { status, body } = await scim.request('POST', '/Users', text);
  expect(status).toBe(201);
  expect(body).toMatchObject({
    userName,
    name: { givenName: 'G', familyName: 'F' },
    emails: [{ value: 'a@x.example', type: 'work', primary: true }],
  });
  const reordered = `{"name":{"givenName":"G","familyName":"F"},"schemas":["${USER}"],"emails":[{"value":"a@x.example","type":"work","primary":true}],"userName":"${userName}"}`;
  const put = await scim.request('PUT', `/Users/${String(body.id)}`, reordered);
  expect([put.status, put.body.meta.version]).toEqual([200, body.meta.version]);
  const backwards = '{"Operations":[{"value":"x","path":"title","op":"add"}],"schemas":["x"]}';
  const patched = await scim.request('PATCH', `/Users/${String(body.id)}`, backwards);
  expect([patched.status, patched.body.title]).toEqual([200, 'x']);
});

it('7643-2.3.8-2 no sub-attribute is complex, but in the schema of schemas', async () => {
  const { Resources } = await scim.get('/Schemas');
  const deep = Resources.filter(({ attributes }: Shown) =>
    attributes.some(({ subAttributes = [] }: Shown) =>
      subAttributes.some(({ type }: Shown) => type === 'complex'),
    ),
  );
  expect(deep.map(({ name }: Shown) => name)).toEqual(['Schema']);
});
