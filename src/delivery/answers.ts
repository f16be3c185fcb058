/** A connector's answers are not taken on trust: what is stored and acted on has been checked here. */
import { type Entry, type TestStep, type Written } from '../../connectors/spi';
import { ConnectorFault } from './errors';

const LONGEST_REFERENCE = 1_024;
const LONGEST_NAME = 8_192;

/** What a write answered. The reference of an entry never changes. */
export function checkWritten(answer: Written, operation: string, reference?: string): Written {
  checkRef(answer, operation);
  if (reference !== undefined && answer.reference !== reference) {
    throw new ConnectorFault(`"${operation}" answered with the reference of another entry`);
  }
  if (answer.warnings !== undefined && !isTextList(answer.warnings)) {
    throw new ConnectorFault(`"${operation}" answered with malformed warnings`);
  }
  return answer;
}

export function checkEntry(answer: Entry, operation: string): Entry {
  checkRef(answer, operation);
  const { attributes, active, owner } = answer;
  if (typeof active !== 'boolean' || (owner !== undefined && typeof owner !== 'string')) {
    throw new ConnectorFault(`"${operation}" answered with a malformed entry`);
  }
  if (!isObject(attributes) || !Object.values(attributes).every(isTextList)) {
    throw new ConnectorFault(`"${operation}" answered with malformed attributes`);
  }
  return answer;
}

export function checkSteps(answer: readonly TestStep[]): readonly TestStep[] {
  if (isList(answer) && answer.every(isStep)) return answer;
  throw new ConnectorFault('"test" answered with malformed steps');
}

const STATES: readonly unknown[] = ['ok', 'warning', 'failed'];

function isStep(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value['name'] === 'string' &&
    typeof value['message'] === 'string' &&
    STATES.includes(value['state'])
  );
}

function checkRef(answer: unknown, operation: string): void {
  const sound =
    isObject(answer) &&
    isText(answer['reference'], LONGEST_REFERENCE) &&
    isText(answer['name'], LONGEST_NAME);
  if (!sound) throw new ConnectorFault(`"${operation}" answered without a usable reference`);
}

function isText(value: unknown, longest: number): boolean {
  return typeof value === 'string' && value !== '' && value.length <= longest;
}

function isTextList(value: unknown): boolean {
  return isList(value) && value.every((item) => typeof item === 'string');
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
