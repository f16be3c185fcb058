import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encryptionKeyIn, existingKeyIn } from '../../../src/encryption-key';
import { temporaryFolder } from '../../support/daemon';

describe('the generated encryption key', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  it('is made once, readable by the owner only', () => {
    const dataDir = path.join(folder.path, 'new');
    expect(existingKeyIn(dataDir)).toBeUndefined();
    const key = encryptionKeyIn(dataDir);
    expect(key).toHaveLength(32);
    expect(encryptionKeyIn(dataDir)).toEqual(key);
    expect(existingKeyIn(dataDir)).toEqual(key);
    expect(statSync(path.join(dataDir, 'encryption.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(dataDir, 'encryption.key'), 'utf8').trim()).toHaveLength(44);
  });

  it('is never replaced when the file is damaged', () => {
    writeFileSync(path.join(folder.path, 'encryption.key'), 'half');
    expect(() => encryptionKeyIn(folder.path)).toThrow(/backup/);
    expect(readFileSync(path.join(folder.path, 'encryption.key'), 'utf8')).toBe('half');
  });
});
