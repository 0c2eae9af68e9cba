import * as z from 'zod';

/**
 * Describes what is wrong with a value in a sentence for its sender, which continues after the
 * value's name; undefined keeps zod's own message.
 */
export function errorMap(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `is missing; it must be ${nameOf(issue.expected)}`
        : sayType(issue.expected, issue.input);
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`;
    case 'too_big':
      return `must ${sayAmount(issue.origin, `at most ${issue.maximum}`, issue.maximum)}`;
    case 'too_small':
      return `must ${sayAmount(issue.origin, `at least ${issue.minimum}`, issue.minimum)}`;
    case 'unrecognized_keys':
      return sayKnown(issue.inst);
    // Zod reports only that the name does not match its schema.
    case 'invalid_key':
      return issue.issues[0]?.message;
    default:
      return undefined;
  }
}

const names: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};

const nameOf = (type: string): string => names[type] ?? type;

const sayType = (expected: string, input: unknown): string =>
  `must be ${nameOf(expected)}${expected === 'int' ? '' : `, not ${nameOf(z.util.parsedType(input))}`}`;

const sayAmount = (origin: string, bound: string, amount: number | bigint): string =>
  origin === 'string' ? `have ${bound} character${amount === 1 ? '' : 's'}` : `be ${bound}`;

function sayKnown(schema: unknown): string {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return known.length > 0
    ? `is unknown; known names are ${known.join(', ')}`
    : 'is unknown; no names are known here';
}
