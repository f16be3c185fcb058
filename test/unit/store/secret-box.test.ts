import { randomBytes } from 'node:crypto';
import { SecretBox } from '../../../src/store/secret-box';

describe('the secret box', () => {
  const key = randomBytes(32);
  const secret = { bindPassword: 'p@ss' };

  it('opens what it sealed, and never seals alike twice', () => {
    const box = new SecretBox(key);
    const sealed = box.seal(secret, 'target');
    expect(box.open(sealed, 'target')).toEqual(secret);
    expect(box.seal(secret, 'target').data).not.toBe(sealed.data);
    expect(JSON.stringify(sealed)).not.toContain('p@ss');
  });

  it('refuses what was sealed for another target, changed, or sealed with another key', () => {
    const box = new SecretBox(key);
    const sealed = box.seal(secret, 'target');
    expect(() => box.open(sealed, 'other')).toThrow();
    expect(() =>
      box.open({ ...sealed, data: randomBytes(24).toString('base64') }, 'target'),
    ).toThrow();
    expect(() => box.open({ ...sealed, tag: 'AAAA' }, 'target')).toThrow();
    expect(() => new SecretBox(randomBytes(32)).open(sealed, 'target')).toThrow(/ENCRYPTION_KEY/);
  });
});
