import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { listen, type Listener } from '../../../src/listen';

const folder = mkdtempSync(path.join(tmpdir(), 'usher-tls-'));
const [keyFile, certificateFile] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
let listener: Listener;

beforeAll(async () => {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', keyFile, '-out', certificateFile];
  execFileSync('openssl', ['req', '-x509', ...key, ...files, ...subject], { stdio: 'pipe' });
  listener = await listen({ host: '127.0.0.1', port: 0, certificateFile, keyFile });
});

afterAll(async () => {
  await listener.close(100);
  rmSync(folder, { recursive: true });
});

function connect(version: tls.SecureVersion): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      port: Number(new URL(listener.url).port),
      host: '127.0.0.1',
      servername: 'localhost',
      ca: readFileSync(certificateFile),
      minVersion: version,
      maxVersion: version,
    });
    socket.once('secureConnect', () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

it('7644-7.2-1 the server speaks TLS, and nothing else on that port', async () => {
  expect(listener.url).toMatch(/^https:/);
  await expect(fetch(listener.url.replace('https', 'http'))).rejects.toThrow();
});

it('7644-7.2-2 TLS 1.2 is spoken, and TLS 1.3', async () => {
  expect(await connect('TLSv1.2')).toBe('TLSv1.2');
  expect(await connect('TLSv1.3')).toBe('TLSv1.3');
  await expect(connect('TLSv1.1')).rejects.toThrow();
});
