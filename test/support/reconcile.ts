/** Comparisons of a target with its directory, asked for and read as administrators do it. */
import { until } from './daemon';
import { type Usher } from './usher';

const TERMINAL = ['SUCCEEDED', 'PARTIALLY_SUCCEEDED', 'FAILED', 'CANCELLED'];

/** Begins one with these arguments of `reconcileStart`, and answers the id of its operation. */
export async function startReconcile(usher: Usher, targetId: string, how: string): Promise<string> {
  const { reconcileStart } = await usher.graphql(
    `mutation ($id: ID!) {
       reconcileStart(targetId: $id, ${how}) { operation { id } userErrors { message } }
     }`,
    { id: targetId },
  );
  expect(reconcileStart.userErrors).toEqual([]);
  return reconcileStart.operation.id;
}

/** The operation with what it has found so far. */
export async function readReconcile(usher: Usher, id: string) {
  const { operation } = await usher.graphql(
    `query ($id: ID!) { operation(id: $id) {
       state message orphanPolicy progress { done total counts { outcome count } }
       items(first: 100) { nodes { ... on DriftFinding {
         outcome name isRepaired differences { attribute expected actual }
         members { extra extraCount missingCount } } } }
     } }`,
    { id },
  );
  return operation;
}

/** The same when it has ended. */
export async function endedReconcile(usher: Usher, id: string) {
  const hasEnded = async () => TERMINAL.includes((await readReconcile(usher, id)).state);
  await until('the end of the comparison', hasEnded, 120_000);
  return readReconcile(usher, id);
}
