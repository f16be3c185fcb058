import { newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-7.8-1 strings are compared after preparation', async () => {
  const suffix = newName();
  const { id } = await scim.user({ displayName: `Ame\u0301lie ${suffix}` });
  for (const operator of ['eq', 'sw', 'co']) {
    const filter = `displayName ${operator} "AM\u00C9LIE ${suffix}"`;
    expect(await scim.found(filter)).toEqual([id]);
  }
});
