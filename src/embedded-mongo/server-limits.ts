import { readFileSync } from 'node:fs';

/** What clients together, and each of them, may take. */
export interface ServerLimits {
  /** Connections at a time; a further one is closed at once. */
  readonly maxConnections: number;
  /** For saying hello, for completing a message, and for taking each megabyte of a reply. */
  readonly silenceMs: number;
  /** Bytes of unfinished messages and of replies not taken yet, of all connections together. */
  readonly heldBytes: number;
  /** A cursor nobody reads from is closed after this; with noCursorTimeout after three times this. */
  readonly cursorIdleMs: number;
}

const MOST_CONNECTIONS = 1000;
const FEWEST_CONNECTIONS = 16;
/** Where the operating system does not tell how many files a process may open. */
const USUAL_OPEN_FILES = 1024;

function openFilesLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? MOST_CONNECTIONS * 4 : Number(soft);
  } catch {
    return USUAL_OPEN_FILES;
  }
}

/**
 * A connection from the own process costs it two files. A quarter of those it may open leaves as many
 * for everything else: the database itself, and the listeners and connections of the application.
 */
function connectionLimit(openFiles: number): number {
  return Math.max(FEWEST_CONNECTIONS, Math.min(MOST_CONNECTIONS, Math.floor(openFiles / 4)));
}

/** The limits, with the usual ones for those that are not given. */
export function serverLimits(given: Partial<ServerLimits> = {}): ServerLimits {
  return {
    maxConnections: given.maxConnections ?? connectionLimit(openFilesLimit()),
    silenceMs: given.silenceMs ?? 30_000,
    heldBytes: given.heldBytes ?? 512 * 1024 * 1024,
    cursorIdleMs: given.cursorIdleMs ?? 10 * 60_000,
  };
}
