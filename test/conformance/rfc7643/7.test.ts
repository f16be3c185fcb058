import { expectError, newName, RfcClient, type Shown } from '../../support/rfc-client';
import { DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });

const device = (more: object): Promise<Shown> =>
  scim.created('/Devices', { name: newName(), [LEASE]: { lessor: 'x' }, ...more });

it('7643-7-1, 7643-7-2, 7643-7-3, 7643-7-4, 7643-7-5 schemas have id, name, description and attributes', async () => {
  const { Resources } = await scim.get('/Schemas');
  for (const { id, name, description, attributes } of Resources) {
    expect(id).toMatch(/^urn:/);
    expect([name, description]).toEqual([expect.stringMatching(/.+/), expect.stringMatching(/.+/)]);
    expect(attributes.length).toBeGreaterThan(0);
  }
});

it('7643-7-1, 7643-7-6 attributes have all characteristics and a description', async () => {
  const { Resources } = await scim.get('/Schemas');
  const check = (attribute: Shown): void => {
    expect(attribute).toMatchObject({
      name: expect.stringMatching(/.+/),
      type: expect.stringMatching(
        /^(?:string|boolean|decimal|integer|dateTime|reference|binary|complex)$/,
      ),
      multiValued: expect.any(Boolean),
      description: expect.stringMatching(/.+/),
      required: expect.any(Boolean),
      caseExact: expect.any(Boolean),
      mutability: expect.stringMatching(/^(?:readOnly|readWrite|immutable|writeOnly)$/),
      returned: expect.stringMatching(/^(?:always|never|default|request)$/),
    });
    expect(attribute['referenceTypes'] === undefined).toBe(attribute['type'] !== 'reference');
    for (const sub of attribute['subAttributes'] ?? []) check(sub);
  };
  for (const { attributes } of Resources) attributes.forEach(check);
});

it('7643-7-7 filters are as sensitive to case as the attribute', async () => {
  const code = newName();
  const { id } = await device({ code, tags: [code] });
  const upper = code.toUpperCase();
  expect(await scim.found(`code eq "${code}"`, '/Devices')).toEqual([id]);
  expect(await scim.found(`code eq "${upper}"`, '/Devices')).toEqual([]);
  expect(await scim.found(`tags eq "${upper}"`, '/Devices')).toEqual([id]);
});

it('7643-7-8 the case of values is kept', async () => {
  const { id, code, label } = await device({ code: 'CaSe', label: 'LaBeL' });
  expect([code, label]).toEqual(['CaSe', 'LaBeL']);
  expect(await scim.get(`/Devices/${String(id)}`)).toMatchObject({ code: 'CaSe', label: 'LaBeL' });
});

it('7643-7-9 read-only attributes are not modified', async () => {
  const { id, asset } = await device({ asset: 'mine' });
  expect(asset).toBeUndefined();
  const replace = { op: 'replace', path: 'asset', value: 'mine' };
  expectError(await scim.patch(`/Devices/${String(id)}`, replace), 400, 'mutability');
});

it('7643-7-10 immutable attributes are not updated', async () => {
  const { id } = await device({ serial: 'S-1' });
  const path = `/Devices/${String(id)}`;
  const replace = { op: 'replace', path: 'serial', value: 'S-2' };
  expectError(await scim.patch(path, replace), 400, 'mutability');
  expectError(await scim.patch(path, { op: 'remove', path: 'serial' }), 400, 'mutability');
  expect((await scim.get(path))['serial']).toBe('S-1');
});

it('7643-7-11 write-only attributes are not returned', async () => {
  const { id, pin } = await device({ pin: '1234' });
  expect(pin).toBeUndefined();
  for (const more of ['', '?attributes=pin', '?attributes=name,pin']) {
    expect(await scim.get(`/Devices/${String(id)}${more}`)).not.toHaveProperty('pin');
  }
});
