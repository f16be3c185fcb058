/** "Did you mean": the known name nearest to an unknown one. */

/** Names longer than this are no typing errors; comparing them would be wasted. */
const MAX_COMPARED = 64;

/** A known name, and what to suggest for it. */
export interface Candidate {
  readonly name: string;
  readonly suggestion: string;
}

/** The suggestion whose name differs least, when it differs little enough to have been meant. */
export function nearest(name: string, candidates: Iterable<Candidate>): string | undefined {
  if (name.length > MAX_COMPARED) return undefined;
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const { name: known, suggestion } of candidates) {
    if (Math.abs(known.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, known.toLowerCase());
    if (distance < bestDistance) {
      best = suggestion;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "x"?`, or nothing. */
export function hint(name: string, candidates: Iterable<Candidate>): string {
  const suggestion = nearest(name, candidates);
  return suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const substitution = at(previous, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const shorter = Math.min(at(previous, column), at(current, column - 1)) + 1;
      current.push(Math.min(substitution, shorter));
    }
    previous = current;
  }
  return at(previous, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
