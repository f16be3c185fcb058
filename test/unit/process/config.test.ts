import { readConfig } from '../../../src/config';
import { StartError } from '../../../src/start-error';

const KEY = Buffer.alloc(32, 7).toString('base64');

function refusal(environment: NodeJS.ProcessEnv): string {
  try {
    readConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  }
  return 'accepted';
}

describe('the configuration', () => {
  it('serves without any variable', () => {
    expect(readConfig({})).toMatchObject({
      PORT: 8080,
      HOST: '127.0.0.1',
      DATA_DIR: './data',
      QUICKSTART: true,
      WORKERS: 16,
      AUDIT_RETENTION_DAYS: 400,
      CONNECTORS: [],
      LOG_LEVEL: 'info',
    });
  });

  it('takes an empty variable for an unset one', () => {
    expect(readConfig({ PORT: '', ADMIN_API_KEY: '' }).PORT).toBe(8080);
  });

  it.each([
    [{ PORT: 'http' }, 'PORT'],
    [{ PORT: '70000' }, 'PORT'],
    [{ PUBLIC_URL: 'usher.example' }, 'PUBLIC_URL'],
    [{ MONGODB_URI: 'postgres://x', ENCRYPTION_KEY: KEY }, 'MONGODB_URI'],
    [{ MONGODB_URI: 'mongodb://', ENCRYPTION_KEY: KEY }, 'MONGODB_URI'],
    [{ ADMIN_API_KEY: 'short' }, 'ADMIN_API_KEY'],
    [{ ENCRYPTION_KEY: 'short' }, 'ENCRYPTION_KEY'],
    [{ MONGODB_URI: 'mongodb://127.0.0.1/usher' }, 'ENCRYPTION_KEY'],
    [{ TLS_CERT_FILE: '/nowhere.pem' }, 'TLS_CERT_FILE'],
    [{ TLS_CERT_FILE: __filename }, 'TLS_KEY_FILE'],
    [{ WORKERS: '0' }, 'WORKERS'],
    [{ AUDIT_RETENTION_DAYS: '0' }, 'AUDIT_RETENTION_DAYS'],
    [{ QUICKSTART: 'maybe' }, 'QUICKSTART'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ HOST: '0.0.0.0' }, 'HOST'],
  ])('refuses %j naming the variable', (environment, name) => {
    expect(refusal(environment)).toContain(name);
  });

  it('names everything that is wrong at once', () => {
    const message = refusal({ PORT: 'x', LOG_LEVEL: 'x' });
    expect(message).toContain('PORT');
    expect(message).toContain('LOG_LEVEL');
  });

  it.each([
    [{ HOST: '127.0.0.2' }],
    [{ MONGODB_URI: 'mongodb://a:27017,b:27017/usher?replicaSet=rs0', ENCRYPTION_KEY: KEY }],
    [{ MONGODB_URI: 'mongodb+srv://user:secret@cluster.example/usher', ENCRYPTION_KEY: KEY }],
    [{ HOST: '::1' }],
    [{ HOST: 'localhost' }],
    [{ HOST: '0.0.0.0', TRUST_PROXY: 'loopback' }],
    [{ HOST: '0.0.0.0', TLS_CERT_FILE: __filename, TLS_KEY_FILE: __filename }],
  ])('accepts %j', (environment) => {
    expect(refusal(environment)).toBe('accepted');
  });
});
