/** A profile as the answer FreeRADIUS's `rest` module applies. Nothing in it is expanded: `do_xlat` is always false. */
import type { Place } from '../names';
import { isAssigning } from '../names';
import { refuse } from '../text';
import { PLACES, type Row, type RowRule, type Rows } from '../profile';

/** One attribute of the answer, as rlm_rest documents it. */
export interface RestAttribute {
  readonly op: string;
  readonly do_xlat: false;
  readonly value: readonly string[];
}

export type RestAnswer = Readonly<Record<string, RestAttribute>>;

const LISTS: Readonly<Record<Place, string>> = { check: 'control', reply: 'reply' };

function literal(op: string, value: readonly string[]): RestAttribute {
  return { op, do_xlat: false, value };
}

/** rlm_rest undoes backslash escapes also in what it does not expand: measured on FreeRADIUS 3.2. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\');
}

/** One operator goes for all values: what is `=` for one value adds when there are several. */
function attribute(rows: readonly Row[]): RestAttribute {
  const op = rows[0]?.op ?? ':=';
  const values = rows.map((row) => row.value);
  return literal(op === '=' && rows.length > 1 ? '+=' : op, values.map(escaped));
}

/** Rejects whatever else the server knows. */
export const REJECTED: RestAnswer = {
  'control:Auth-Type': literal(':=', ['Reject']),
  'reply:Reply-Message': literal(':=', ['Account disabled']),
};

/** The answer for a user who is let in, if the password is right. */
export function encodeAnswer(rows: Rows): RestAnswer {
  const answer: Record<string, RestAttribute> = {};
  for (const place of PLACES) {
    const same = new Map<string, Row[]>();
    for (const row of rows[place]) {
      const key = row.attribute.toLowerCase();
      same.set(key, [...(same.get(key) ?? []), row]);
    }
    for (const own of same.values()) {
      answer[`${LISTS[place]}:${own[0]?.attribute ?? ''}`] = attribute(own);
    }
  }
  return answer;
}

/** A comparison cannot be answered: the module only sets. */
export const settingRule: RowRule = (_kind, name, _place, { op }) => {
  if (isAssigning(op)) return;
  refuse(
    name,
    `compares with ${op}, which the store \`rest\` cannot; compare in a policy of the server`,
  );
};
