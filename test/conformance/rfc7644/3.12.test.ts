import { ERROR, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it.each<[number, string | undefined, string, string, unknown?]>([
  [400, 'invalidFilter', 'GET', '/Users?filter=x'],
  [400, 'invalidSyntax', 'POST', '/Users', '{'],
  [400, 'invalidValue', 'POST', '/Users', {}],
  [404, undefined, 'GET', '/Users/nobody'],
  [404, undefined, 'GET', '/nothing'],
  [405, undefined, 'PATCH', '/Users', {}],
  [403, undefined, 'GET', '/Schemas?filter=id eq "x"'],
])('7644-3.12-1, 7644-3.12-2 %i %s is a SCIM error with its status as a string', async (...row) => {
  const [status, scimType, method, path, body] = row;
  const answer = await scim.request(method, path, body);
  expect(answer.status).toBe(status);
  expect(answer.body).toEqual({
    schemas: [ERROR],
    status: String(status),
    detail: expect.stringMatching(/.+/),
    ...(scimType === undefined ? {} : { scimType }),
  });
  expect(answer.headers.get('content-type')).toBe('application/scim+json');
});
