/** Secrets of targets at rest: AES-256-GCM under a key that is kept outside the database (design 6). */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

export interface SealedSecret {
  /** Tells which key sealed it, without telling the key. */
  readonly key: string;
  readonly iv: string;
  readonly tag: string;
  readonly data: string;
}

/** The short name of a key, which stands beside whatever it sealed. */
export function keyIdOf(key: Buffer): string {
  return createHash('sha256').update('usher key id').update(key).digest('hex').slice(0, 8);
}

export class SecretBox {
  private readonly keyId: string;

  /** `key`: 32 bytes. */
  constructor(private readonly key: Buffer) {
    if (key.length !== 32) throw new Error('The encryption key must have 32 bytes.');
    this.keyId = keyIdOf(key);
  }

  /** `context` (the target's id) is authenticated: a sealed secret cannot be moved to another target. */
  seal(value: object, context: string): SealedSecret {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(context));
    const data = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
    return {
      key: this.keyId,
      iv: iv.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
      data: data.toString('base64'),
    };
  }

  /** Throws when the secret was sealed with another key, for another context, or was changed. */
  open(sealed: SealedSecret, context: string): Record<string, unknown> {
    if (sealed.key !== this.keyId) {
      throw new Error(
        'A stored secret was encrypted with another ENCRYPTION_KEY. Start with the key that was in use when it was stored.',
      );
    }
    const decipher = createDecipheriv('aes-256-gcm', this.key, Buffer.from(sealed.iv, 'base64'), {
      authTagLength: 16,
    })
      .setAAD(Buffer.from(context))
      .setAuthTag(Buffer.from(sealed.tag, 'base64'));
    const text = Buffer.concat([
      decipher.update(Buffer.from(sealed.data, 'base64')),
      decipher.final(),
    ]).toString('utf8');
    return JSON.parse(text) as Record<string, unknown>;
  }
}
