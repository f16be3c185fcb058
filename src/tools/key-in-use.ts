/** Which key seals the secrets of targets, found without making one. */
import path from 'node:path';
import { type Config } from '../config';
import { existingKeyIn } from '../encryption-key';
import { keyIdOf } from '../store/secret-box';

export interface KeyInUse {
  /** The short name that stands beside whatever the key sealed. */
  readonly id: string;
  /** Where it is kept; absent when the environment gives it. */
  readonly file?: string;
}

/** ENCRYPTION_KEY, or DATA_DIR/encryption.key, as at the start of Usher; undefined when there is neither. */
export function keyInUse(config: Config): KeyInUse | undefined {
  if (config.ENCRYPTION_KEY !== undefined) return { id: keyIdOf(config.ENCRYPTION_KEY) };
  const key = existingKeyIn(config.DATA_DIR);
  return key && { id: keyIdOf(key), file: path.resolve(config.DATA_DIR, 'encryption.key') };
}
