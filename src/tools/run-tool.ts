/** What the data tools have in common: one argument, help, errors of one line, an orderly end when interrupted. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, readConfig } from '../config';
import { StartError } from '../start-error';

export interface ToolContext {
  readonly config: Config;
  /** The one argument, as an absolute path; empty when it may be left out and is. */
  readonly file: string;
  /** The flags that were given. */
  readonly flags: ReadonlySet<string>;
  /** Throws when somebody asked the tool to stop. Called between steps that can be taken back. */
  readonly goOn: () => void;
  readonly print: (line: string) => void;
}

export interface Tool {
  /** As in `npm run <name>`. */
  readonly name: string;
  readonly help: string;
  readonly flags?: readonly string[];
  /** Whether the argument may be left out. */
  readonly optional?: boolean;
  run(context: ToolContext): Promise<void>;
}

/** A failure that the person at the keyboard can do something about; the message says what. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** Runs the tool with the process's arguments and ends the process: 0 done, 1 not done. */
export function runTool(tool: Tool): void {
  let interrupted = false;
  const interrupt = (): void => void (interrupted = true);
  // Once only: a second signal ends the process at once.
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const goOn = (): void => {
    if (interrupted) throw new ToolError('It was interrupted. Run it again.');
  };
  execute(tool, goOn).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${tool.name}: ${describe(error)}\n`);
      process.exit(1);
    },
  );
}

async function execute(tool: Tool, goOn: () => void): Promise<void> {
  const { values, positionals } = argumentsOf(tool);
  if (values['help'] === true) {
    process.stdout.write(`${tool.help.trim()}\n`);
    return;
  }
  const [file] = positionals;
  if ((file === undefined && tool.optional !== true) || positionals.length > 1) {
    throw new ToolError(`It takes one argument. See: npm run ${tool.name} -- --help`);
  }
  await tool.run({
    config: readConfig(),
    file: file === undefined ? '' : path.resolve(file),
    flags: new Set(Object.keys(values)),
    goOn,
    print: (line) => void process.stdout.write(`${line}\n`),
  });
}

function argumentsOf(tool: Tool): ReturnType<typeof parseArgs> {
  const names = ['help', ...(tool.flags ?? [])];
  try {
    return parseArgs({
      allowPositionals: true,
      options: Object.fromEntries(names.map((name) => [name, { type: 'boolean' as const }])),
    });
  } catch (error) {
    // The first sentence; the rest is about arguments that begin with a dash.
    const [reason] = (error as Error).message.split('. ');
    throw new ToolError(`${reason}. See: npm run ${tool.name} -- --help`);
  }
}

function describe(error: unknown): string {
  if (error instanceof ToolError || error instanceof StartError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return 'The disk is full. Make room and run it again.';
  if (code === 'EACCES' || code === 'EPERM') {
    return `${message}. Run it as the user that Usher runs as.`;
  }
  return String(message).replace(/\s*\n\s*/g, ' ');
}
