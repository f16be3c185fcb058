// Exits with 0 when the gateway in this container answers.
const { PORT = '8080', TLS_CERT_FILE } = process.env;

// The certificate is made out to the public name, not to loopback; whether it is right is not the question here.
if (TLS_CERT_FILE) process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

const url = `${TLS_CERT_FILE ? 'https' : 'http'}://127.0.0.1:${PORT}/healthz`;
const response = await fetch(url, { signal: AbortSignal.timeout(4000) }).catch(() => undefined);
process.exit(response?.ok ? 0 : 1);
