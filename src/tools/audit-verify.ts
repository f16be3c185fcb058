/** `npm run audit:verify`: follows every chain of the audit trail. */
import { readFile } from 'node:fs/promises';
import { type AuditEvent } from '../domain/audit';
import { CHAIN_START, type ChainPosition, ChainVerifier } from '../domain/audit-chain';
import { type AuditChains, openAuditChains } from '../store/audit-chains';
import { openForReading } from './configured-database';
import { runTool, type ToolContext, ToolError } from './run-tool';

const HELP = `
npm run audit:verify
npm run audit:verify -- HEADS

Follows every chain of the audit trail in the database that Usher uses (MONGODB_URI, or the embedded store in DATA_DIR), while
Usher runs or not. Prints a line for each chain, with its head: the number and the hash of its last event. Names the first
event of a chain that was changed, removed or inserted, and ends with exit code 1.

HEADS is a file with lines that were printed before. A chain whose end was cut off, or which was written anew, no longer has
the event that stands there: that is said, too. Keep the file where whoever can write to the database cannot.
`;

async function verify({ config, file, goOn, print }: ToolContext): Promise<void> {
  const heads = file === '' ? new Map<string, ChainPosition>() : await readHeads(file);
  const database = await openForReading(config);
  try {
    const chains = await openAuditChains(database.connection);
    try {
      const broken = await verifyAll(chains, heads, { goOn, print });
      if (broken > 0) throw new ToolError(`${String(broken)} chains are broken.`);
    } finally {
      await chains.close();
    }
  } finally {
    await database.close();
  }
}

async function verifyAll(
  chains: AuditChains,
  heads: ReadonlyMap<string, ChainPosition>,
  { goOn, print }: Pick<ToolContext, 'goOn' | 'print'>,
): Promise<number> {
  let broken = 0;
  const names = new Set([...(await chains.names()), ...heads.keys()]);
  for (const name of [...names].sort()) {
    const { problem, head } = await verifyUnpurged(chains, name, heads.get(name), goOn);
    if (problem !== undefined) broken += 1;
    print(
      problem === undefined
        ? `OK ${name} ${String(head.seq)} ${head.hash}`
        : `BROKEN ${name}: ${problem}`,
    );
  }
  return broken;
}

interface Verified {
  /** Undefined: none. */
  readonly problem: string | undefined;
  readonly head: ChainPosition;
}

/** Once more where events were purged in the meantime. */
async function verifyUnpurged(
  chains: AuditChains,
  name: string,
  known: ChainPosition | undefined,
  goOn: () => void,
): Promise<Verified> {
  for (;;) {
    const anchor = await chains.anchor(name);
    const verified = await verifyChain(chains, { name, anchor, known }, goOn);
    const isSure = (await chains.anchor(name))?.seq === anchor?.seq;
    if (verified.problem === undefined || isSure) return verified;
  }
}

async function verifyChain(
  chains: AuditChains,
  chain: {
    readonly name: string;
    readonly anchor: ChainPosition | undefined;
    readonly known: ChainPosition | undefined;
  },
  goOn: () => void,
): Promise<Verified> {
  const { name, anchor, known } = chain;
  const verifier = new ChainVerifier(anchor ?? CHAIN_START);
  // What was purged can no longer be looked at.
  let isMet = known === undefined || known.seq < verifier.head.seq || isSame(known, verifier.head);
  for await (const event of chains.events(name, verifier.head.seq)) {
    goOn();
    const problem = misplaced(name, event) ?? verifier.next(event);
    if (problem !== undefined) return { problem, head: verifier.head };
    if (known?.seq === event.seq) {
      isMet = known.hash === event.hash;
      if (!isMet)
        return { problem: `event ${String(event.seq)} was replaced`, head: verifier.head };
    }
  }
  const { head } = verifier;
  if (isMet) return { problem: undefined, head };
  const from = String(head.seq + 1);
  return { problem: `events from ${from} on were removed; ${String(known?.seq)} was there`, head };
}

function misplaced(chain: string, event: AuditEvent): string | undefined {
  return event.chain === chain ? undefined : `event ${String(event.seq)} is of another chain`;
}

function isSame(one: ChainPosition, other: ChainPosition): boolean {
  return one.seq === other.seq && one.hash === other.hash;
}

async function readHeads(file: string): Promise<ReadonlyMap<string, ChainPosition>> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new ToolError(`${file} cannot be read. Name a file with lines that were printed before.`);
  });
  const heads = new Map<string, ChainPosition>();
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const [, name, seq, hash] = /^OK (\S+) (\d+) ([0-9a-f]*)\s*$/.exec(line) ?? [];
    if (name === undefined || seq === undefined || hash === undefined) {
      throw new ToolError(`${file} has a line that was never printed: ${line.slice(0, 100)}`);
    }
    heads.set(name, { seq: Number(seq), hash });
  }
  return heads;
}

runTool({ name: 'audit:verify', help: HELP, optional: true, run: verify });
