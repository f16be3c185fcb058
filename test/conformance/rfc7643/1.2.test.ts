import { RfcClient, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();

it('7643-1.2-1 attributes have sub-attributes exactly if they are complex', async () => {
  const { Resources } = await scim.get('/Schemas');
  const check = ({ name, type, subAttributes }: Shown): void => {
    expect([name, type === 'complex']).toEqual([name, subAttributes !== undefined]);
    for (const sub of subAttributes ?? []) check(sub);
  };
  for (const { attributes } of Resources) attributes.forEach(check);
});
