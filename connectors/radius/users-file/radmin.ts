/** FreeRADIUS's own program for the control socket. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConnectorError } from '../../spi';

/** Where packages put it. No setting names the program: who may set targets may not thereby run programs. */
const PLACES: readonly string[] = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin'];

export interface RadminSettings {
  readonly socket: string;
  readonly module: string;
}

/** Runs one command on the server; answers what it prints, fails with what it complains about. */
function radmin(socket: string, command: string, signal: AbortSignal): Promise<string> {
  const program = PLACES.map((place) => path.join(place, 'radmin')).find((file) =>
    existsSync(file),
  );
  return new Promise((resolve, reject) => {
    const args = ['-f', socket, '-e', command];
    const options = { env: { LC_ALL: 'C' }, signal, timeout: 10_000 };
    if (program === undefined) {
      reject(missing());
      return;
    }
    execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else reject(explained(error, `${stderr}${stdout}`.trim().split('\n')[0] ?? ''));
    });
  });
}

function missing(): ConnectorError {
  return new ConnectorError(
    'unsupported',
    'the program radmin is not on this machine; install freeradius, or freeradius-utils where that has it',
  );
}

function explained(error: Error, said: string): ConnectorError {
  if (/Permission denied/.test(said)) {
    return new ConnectorError(
      'permission',
      `the control socket may not be used (${said}); give Usher's user or group the right in the server's \`control\` section`,
    );
  }
  if (/No such module/.test(said)) {
    return new ConnectorError(
      'invalid',
      `${said}; name the server's instance of the \`files\` module in radmin.module`,
    );
  }
  const what = /Failed to reload/.test(said)
    ? `the server refused to read the users file again and goes on with what it had (${said}); its log says which line of which file is at fault`
    : `the server cannot be told to read the users file (${said || error.message}); check that it runs and has the control socket with mode rw`;
  return new ConnectorError('unavailable', what, { cause: error });
}

/** Has the module read its files again. No complaint does not mean that it did. */
export async function reload(settings: RadminSettings, signal: AbortSignal): Promise<void> {
  await radmin(settings.socket, `hup ${settings.module}`, signal);
}

/** The file the module reads, as the server says. */
export async function fileOf(settings: RadminSettings, signal: AbortSignal): Promise<string> {
  const answer = await radmin(settings.socket, `show module config ${settings.module}`, signal);
  const file = /^\s*(?:filename|usersfile|auth_usersfile) = "(.+)"$/m.exec(answer)?.[1];
  if (file !== undefined) return file;
  throw new ConnectorError(
    'invalid',
    `${settings.module} reads no users file; name the server's instance of the \`files\` module in radmin.module`,
  );
}
