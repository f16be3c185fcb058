/** Structured logs without personal data: ids, kinds and counts, never names, addresses, bodies or secrets. */
import pino, { type Logger } from 'pino';

export type { Logger };

/** Fields that never reach a log even if somebody passes them by mistake. */
const SECRET_FIELDS = ['password', 'token', 'secret', 'secrets', 'authorization', 'bindPassword'];

/** Writes JSON lines to standard error: standard output belongs to what a start prints for people and scripts. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
        censor: '***',
      },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}
